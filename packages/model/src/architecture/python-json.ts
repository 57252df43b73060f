/** JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers there. */

import { checkDepth } from "@precipice/files";

/** A string, or one of the three words; anything else stands for itself. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity\b|NaN\b/g;

/** No file has it by chance: two private characters around the word. */
const NOT_A_NUMBER = "\uE000NaN\uE001";

/** The value of a text, as Python's `json.loads` reads it. Throws `SyntaxError`. */
export const parsePythonJson = (text: string): unknown => {
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    let words = 0;
    const plain = text.replace(TOKEN, (token) => {
      if (token.startsWith('"')) return token;
      words++;
      return token === "NaN" ? JSON.stringify(NOT_A_NUMBER) : token.replace("Infinity", "1e999");
    });
    if (words === 0) throw error;
    return JSON.parse(plain, (_, value) => (value === NOT_A_NUMBER ? Number.NaN : value));
  }
};
