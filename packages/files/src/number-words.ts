/** A string, or one of the three words that Python writes for numbers that JSON does not have; anything else stands for itself. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity\b|NaN\b/g;

/** JSON with each `NaN`, `Infinity` and `-Infinity` outside of strings replaced; undefined where it has none. */
export const replaceNumberWords = (json: string, by: (word: string) => string): string | undefined => {
  let words = 0;
  const replaced = json.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return token;
    words++;
    return by(token);
  });
  return words === 0 ? undefined : replaced;
};
