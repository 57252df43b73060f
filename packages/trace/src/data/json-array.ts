/** The items of a JSON array one after the other, from text in chunks: a file of any size is never held as a whole. */
import { failRow, MAX_ROW } from "./read-text.ts";
import { failFile } from "./row.ts";

export interface JsonItem {
  /** As it is written; whether it is JSON is for its parser to say. */
  readonly text: string;
  /** The line it begins on, from 1. */
  readonly line: number;
}

const REMEDY = "Write an array of objects, [{…}, {…}], or one object per line";
const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text);
type State = "before" | "items" | "string" | "behind";
const BLANK = /[ \t\r\n]/;

/** Text whose first character that is not blank is `[`. Rejects with `E_PROMPTS_FILE` and the line. */
export async function* arrayItems(chunks: AsyncIterable<string>, name: string): AsyncGenerator<JsonItem> {
  let state = "before" as State;
  let depth = 0;
  let item = "";
  let [line, begin, rows] = [1, 1, 0];
  let isEscaped = false;
  let hasBegun = false;
  const take = (end: "," | "]"): JsonItem | undefined => {
    const text = item.replace(/^[ \t\r\n]+/, "");
    item = "";
    if (isBlank(text) && end === "]" && rows === 0) return undefined;
    if (isBlank(text))
      return failFile(`${name}:${line}: there is a comma and no row ${end === "]" ? "behind" : "before"} it`, REMEDY);
    rows++;
    return { text, line: begin };
  };
  for await (const chunk of chunks) {
    let from = 0; // what of the chunk is not in `item` yet
    for (let i = 0; i < chunk.length; i++) {
      const char = chunk[i] as string;
      if (char === "\n") line++;
      if (state === "string") {
        if (isEscaped) isEscaped = false;
        else if (char === "\\") isEscaped = true;
        else if (char === '"') state = "items";
        continue;
      }
      if (state === "before") {
        if (char === "[") state = "items";
        from = i + 1;
        continue;
      }
      if (state === "behind") {
        from = i + 1;
        if (!BLANK.test(char))
          failFile(
            `${name}:${line}: the file goes on behind the end of the array, with ${JSON.stringify(char)}`,
            REMEDY,
          );
        continue;
      }
      if (!hasBegun && !BLANK.test(char)) {
        hasBegun = true;
        begin = line;
      }
      if (char === '"') state = "string";
      else if (char === "{" || char === "[") depth++;
      else if (depth > 0 && (char === "}" || char === "]")) depth--;
      else if (depth === 0 && (char === "," || char === "]")) {
        item += chunk.slice(from, i);
        from = i + 1;
        const found = take(char);
        if (found !== undefined) yield found;
        hasBegun = false;
        if (char === "]") state = "behind";
      }
    }
    if (state === "items" || state === "string") item += chunk.slice(from);
    if (item.length > MAX_ROW) failRow(`${name}:${begin}`);
  }
  if (state !== "behind")
    failFile(`${name}:${begin}: the array is still open at the end of the file (line ${line})`, REMEDY);
}
