/**
 * JSON Lines, one object per line, and JSON files of one value. The content says which of the two a file is, not its ending: a file
 * that begins with `[` is an array of objects, and a `.json` file whose first line is an object and which goes on is JSON Lines.
 */
import { checkKeys, parseJson } from "./json-text.ts";
import { linesOf, textChunks, wholeText } from "./read-text.ts";
import { failFile, type PlacedRow, type Row } from "./row.ts";

/** Rows of a `.jsonl` file: streamed line by line, blank lines skipped; or of the array it holds. */
export async function* readJsonLines(file: string, name: string): AsyncGenerator<PlacedRow> {
  if ((await firstCharacter(file, name)) === "[") {
    const rows = arrayOf(await wholeText(file, name), name);
    if (rows !== undefined) return yield* placed(rows, name);
  }
  let more = 0;
  for await (const whole of linesOf(file, name)) {
    const parts = partsOf(whole.text);
    for (const [i, text] of parts.entries()) {
      const line = whole.line + more + i;
      if (text.trim() === "") continue;
      const place = `${name}:${line}`;
      const value = parse(place, text, "Write one JSON object per line");
      checkKeys(text, name, line);
      yield { row: objectAt(place, value), place, id: `line-${line}` };
    }
    more += parts.length - 1;
  }
}

/** Rows of a `.json` file: `[{…}, {…}]`, the same under the only key of an object as in `{"data": [{…}]}`, or JSON Lines. */
export async function* readJson(file: string, name: string): AsyncGenerator<PlacedRow> {
  if (await isJsonLines(file, name)) return yield* readJsonLines(file, name);
  const text = await wholeText(file, name);
  const value = parse(name, text, "Write an array of objects, or one object per line");
  checkKeys(text, name, 1);
  if (!isObject(value) && !Array.isArray(value))
    return failFile(`${name} is no array of objects`, "Write [{…}, {…}], or one object per line");
  const lists = isObject(value) ? Object.values(value) : [value];
  const only = lists.length === 1 ? lists[0] : undefined;
  yield* placed(Array.isArray(only) ? only : [value], name);
}

function* placed(items: ReadonlyArray<unknown>, name: string): Generator<PlacedRow> {
  for (const [i, item] of items.entries()) {
    const place = `${name} row ${i + 1}`;
    yield { row: objectAt(place, item), place, id: `row-${i + 1}` };
  }
}

/** A lone `\r` is white space in JSON; where a line is not one value, it ends lines as well. */
const partsOf = (line: string): ReadonlyArray<string> =>
  !line.includes("\r") || parsed(line) !== undefined ? [line] : line.split("\r");

const firstCharacter = async (file: string, name: string): Promise<string | undefined> => {
  for await (const text of textChunks(file, name)) {
    const found = /[^ \t\r\n]/.exec(text)?.[0];
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Whether the first line that is not blank is an object by itself, and not all there is. */
const isJsonLines = async (file: string, name: string): Promise<boolean> => {
  if ((await firstCharacter(file, name)) !== "{") return false;
  let isFirst = true;
  try {
    for await (const { text } of linesOf(file, name)) {
      for (const part of text.split("\r")) {
        if (part.trim() === "") continue;
        if (!isFirst) return true;
        if (!isObject(parsed(part))) return false;
        isFirst = false;
      }
    }
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "E_PROMPTS_FILE") throw error; // a first line past any bound
  }
  return false;
};

const parsed = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

/** The rows of an array of objects; `undefined` for anything else, which is then told line by line. */
const arrayOf = (text: string, name: string): ReadonlyArray<unknown> | undefined => {
  const value = parsed(text);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return undefined;
  checkKeys(text, name, 1);
  return value;
};

const parse = (place: string, text: string, remedy: string): unknown => {
  try {
    return parseJson(text);
  } catch (error) {
    return failFile(`${place} is not JSON: ${(error as Error).message}`, remedy, error);
  }
};

const isObject = (value: unknown): value is Row => value !== null && typeof value === "object" && !Array.isArray(value);

const objectAt = (place: string, value: unknown): Row =>
  isObject(value)
    ? value
    : failFile(
        `${place}: is no object but ${JSON.stringify(value).slice(0, 40)}`,
        "Each row is an object with columns",
      );
