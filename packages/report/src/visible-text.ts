/**
 * Makes a string safe to look at. Model output and prompts may hold newlines, control characters, invisible
 * characters and bidirectional overrides; a reader of a report must see them instead of being misled by them
 * (an override can make `exe.txt` out of `txt.exe`), and an XML parser must not meet a character it refuses.
 */

const named: Readonly<Record<string, string>> = { "\n": "⏎", "\r": "␍", "\t": "⇥", "\u007f": "␡" };

/** Characters that draw nothing, or change how their neighbours are drawn. */
const invisible = new RegExp(
  [
    "[\\u0000-\\u001f\\u007f-\\u009f]", // C0, DEL, C1
    "[\\u00ad\\u061c\\u115f\\u1160\\u180e\\u3164\\uffa0]", // soft hyphen, Arabic letter mark, blank letters
    "[\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]", // zero width, separators, bidi controls
    "[\\ufdd0-\\ufdef\\ufffe\\uffff]", // not characters (and not XML)
    "[\\u{e0000}-\\u{e0fff}]", // tag characters
    "\\p{Surrogate}", // half of a pair
  ].join("|"),
  "gu",
);

/** `"a\n\u202eb"` → `"a⏎⟨U+202E⟩b"`. The result holds no control, invisible or ill-formed character. */
export const visibleText = (text: string): string =>
  text.replace(invisible, (character) => {
    const name = named[character];
    if (name !== undefined) return name;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
