/**
 * JSON Lines, one object per line, and JSON files of one value. The content says which of the two a file is, not its ending: a file
 * that begins with `[` is an array of objects, and a `.json` file whose first line is an object and which goes on is JSON Lines.
 */
import { arrayItems } from "./json-array.ts";
import { checkKeys, parseJson } from "./json-text.ts";
import { linesOf, textChunks, wholeText } from "./read-text.ts";
import { failFile, type PlacedRow, type Row } from "./row.ts";

const REMEDY = "Write an array of objects, [{…}, {…}], or one object per line";

/** Rows of a `.jsonl` file: streamed line by line, blank lines skipped; or of the array it holds. */
export async function* readJsonLines(file: string, name: string): AsyncGenerator<PlacedRow> {
  if ((await firstCharacter(file, name)) === "[") {
    let rows = 0;
    for await (const row of rowsOfArray(file, name)) {
      rows++;
      yield row;
    }
    if (rows > 0) return;
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
  if ((await firstCharacter(file, name)) === "[") return yield* rowsOfArray(file, name);
  const text = await wholeText(file, name);
  const value = parse(name, text, REMEDY);
  checkKeys(text, name, 1);
  if (!isObject(value)) return failFile(`${name} is no array of objects`, REMEDY);
  const lists = Object.values(value);
  const only = lists.length === 1 ? lists[0] : undefined;
  for (const [i, item] of (Array.isArray(only) ? only : [value]).entries()) {
    const place = `${name} row ${i + 1}`;
    yield { row: objectAt(place, item), place, id: `row-${i + 1}` };
  }
}

async function* rowsOfArray(file: string, name: string): AsyncGenerator<PlacedRow> {
  let row = 0;
  for await (const { text, line } of arrayItems(textChunks(file, name), name)) {
    row++;
    const place = `${name} row ${row}`;
    const value = parse(`${name}:${line}: row ${row}`, text, REMEDY);
    checkKeys(text, name, line);
    yield { row: objectAt(place, value), place, id: `row-${row}` };
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
