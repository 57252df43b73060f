/**
 * CSV records by RFC 4180, from text in chunks. Written here because the place of an open quote, lines that end in different ways
 * within one file, and quotes inside an unquoted field have to come out right at once.
 *
 * - A field that begins with `"` is quoted: it may hold separators and line breaks as they are, `""` is one quote, and after the quote
 *   that closes it comes a separator or the end of the line. Anything else is an error.
 * - In a field that begins with anything else, a quote is a quote: `5" pipe`.
 * - A record ends at `\n`, `\r\n` or `\r`, each line as it likes. Empty lines are no records.
 */
import { failRow, MAX_ROW } from "./read-text.ts";
import { failFile } from "./row.ts";

export interface CsvRecord {
  readonly cells: ReadonlyArray<string>;
  /** The line it begins on, from 1. */
  readonly line: number;
}

export const QUOTING =
  "Fields that hold the separator, quotes or line breaks must be in double quotes, with quotes doubled";

type State = "start" | "plain" | "quoted" | "closed";

/** Records as they are written; a file without a last line break ends as well. Rejects with `E_PROMPTS_FILE` and the line. */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  name: string,
  separator: string,
): AsyncGenerator<CsvRecord> {
  let state: State = "start";
  let cells: string[] = [];
  let field = "";
  let length = 0;
  let line = 1; // where the reading is
  let begin = 1; // where the record began
  let quote = 1; // where the quoted field began
  let afterReturn = false;
  const plainEnd = new RegExp(`[${separator.replace(/[\\\]^-]/g, "\\$&")}\r\n]`, "g");
  const endField = () => {
    cells.push(field);
    field = "";
    state = "start";
  };
  const endRecord = (): CsvRecord | undefined => {
    const isEmpty = cells.length === 0 && state === "start";
    endField();
    const record = { cells, line: begin };
    cells = [];
    length = 0;
    return isEmpty ? undefined : record;
  };
  const add = (text: string) => {
    field += text;
    length += text.length;
    if (length > MAX_ROW) failRow(`${name}:${state === "quoted" ? quote : begin}`);
  };
  for await (const chunk of chunks) {
    let i = 0;
    while (i < chunk.length) {
      const char = chunk[i] as string;
      if (afterReturn && char === "\n" && state !== "quoted") {
        afterReturn = false;
        i++;
        continue;
      }
      if (state === "quoted") {
        const end = chunk.indexOf('"', i);
        const text = chunk.slice(i, end < 0 ? chunk.length : end);
        line += linesIn(text, afterReturn);
        afterReturn = text === "" ? afterReturn : text.endsWith("\r");
        add(text);
        i += text.length;
        if (end >= 0) {
          state = "closed";
          afterReturn = false;
          i++;
        }
        continue;
      }
      if (state === "closed" && char === '"') {
        add('"');
        afterReturn = false;
        state = "quoted";
        i++;
        continue;
      }
      afterReturn = false;
      if (char === separator) {
        endField();
        i++;
      } else if (char === "\n" || char === "\r") {
        const record = endRecord();
        if (record !== undefined) yield record;
        line++;
        begin = line;
        afterReturn = char === "\r";
        i++;
      } else if (state === "closed") {
        failFile(
          `${name}:${quote}: Invalid Closing Quote: the field in quotes that begins here goes on behind a quote on line ${line}, with ${JSON.stringify(char)} where a separator or the end of the line should be; is it never closed?`,
          QUOTING,
        );
      } else if (state === "start" && char === '"') {
        state = "quoted";
        quote = line;
        i++;
      } else {
        state = "plain";
        plainEnd.lastIndex = i;
        const end = plainEnd.exec(chunk)?.index ?? chunk.length;
        add(chunk.slice(i, end));
        i = end;
      }
    }
  }
  if ((state as State) === "quoted")
    failFile(
      `${name}:${quote}: Quote Not Closed: the quote that opens here is still open at the end of the file (line ${line})`,
      QUOTING,
    );
  const last = endRecord();
  if (last !== undefined) yield last;
}

/** Line ends within a text, of which a first `\n` may belong to a `\r` before it. */
const linesIn = (text: string, afterReturn: boolean): number => {
  if (!/[\r\n]/.test(text)) return 0;
  return (text.match(/\r\n?|\n/g) as string[]).length - (afterReturn && text.startsWith("\n") ? 1 : 0);
};
