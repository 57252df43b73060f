/** What Python takes for white space: unlike JavaScript's, with U+001C to U+001F and U+0085 and without U+FEFF. */
export const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
