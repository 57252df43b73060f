/** JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers there. */

import { checkDepth, replaceNumberWords } from "@precipice/files";

/** No file has it by chance: two private characters around the word. */
const NOT_A_NUMBER = "\uE000NaN\uE001";

/** The value of a text, as Python's `json.loads` reads it. Throws `SyntaxError`. */
export const parsePythonJson = (text: string): unknown => {
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = replaceNumberWords(text, (word) =>
      word === "NaN" ? JSON.stringify(NOT_A_NUMBER) : word.replace("Infinity", "1e999"),
    );
    if (plain === undefined) throw error;
    return JSON.parse(plain, (_, value) => (value === NOT_A_NUMBER ? Number.NaN : value));
  }
};
