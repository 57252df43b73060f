/** The text of a data file, checked to be UTF-8, as chunks and as lines. */
import { isUtf8 } from "node:buffer";
import { getHeapStatistics } from "node:v8";
import { badByte, cutTail, FileError, readFileBytes, streamFile } from "@precipice/files";
import { StageError } from "@precipice/runtime";
import { failFile } from "./row.ts";

/** A row of text that is longer is no row: an open quote, or no line breaks at all. Characters. */
export const MAX_ROW = 64 << 20;
/**
 * One JSON value that is read at once, such as an object with rows in it: bytes. Parsed, `{},{},{}` takes some twenty times its bytes
 * of the heap.
 */
export const MAX_WHOLE = Math.floor(Math.min(256 << 20, getHeapStatistics().heap_size_limit / 24));
const BOM = "\uFEFF";

export const failEncoding = (place: string, what: string): never => {
  throw new StageError({
    code: "E_ENCODING",
    message: `${place}: ${what}`,
    remedy:
      "Save the file as UTF-8; `iconv -f LATIN1 -t UTF-8` or `iconv -f UTF-16 -t UTF-8` converts, from the encoding it has",
  });
};

/** The file, opened; or why it is none, with the name that the user gave it. */
export const opened = async <A>(name: string, open: () => Promise<A>): Promise<A> => {
  try {
    return await open();
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof FileError && error.code === "E_FILE_SIZE")
      return failFile(`${name}: ${error.reason}`, "Write one object per line (.jsonl), or Parquet");
    return failFile(`${name} cannot be read: ${message}`, "Check the path; it is relative to the pipeline file", error);
  }
};

/** Streams the text, without a byte-order mark. Rejects with `E_ENCODING` and line, column and offset of the first byte that is not UTF-8. */
export async function* textChunks(file: string, name: string): AsyncGenerator<string> {
  const stream = await opened(name, () => streamFile(file));
  let rest: Buffer = Buffer.alloc(0);
  let [bytes, line, column] = [0, 1, 1];
  const check = (part: Buffer): void => {
    if (bytes > 0 && isUtf8(part)) return;
    const bad = badByte(part);
    if (bad === undefined) return;
    const at = bad.line === 1 ? column + bad.column - 1 : bad.column;
    const { message, offset } = bad;
    failEncoding(`${name}:${line + bad.line - 1}:${at}`, `${message} (byte ${bytes + offset} of the file)`);
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const part = all.subarray(0, all.length - cutTail(all));
      rest = all.subarray(part.length);
      check(part);
      const text = part.toString("utf8");
      yield bytes === 0 && text.startsWith(BOM) ? text.slice(1) : text;
      bytes += part.length;
      const breaks = text.split("\n");
      column = breaks.length === 1 ? column + text.length : (breaks.at(-1) as string).length + 1;
      line += breaks.length - 1;
    }
    check(rest);
  } finally {
    stream.destroy();
  }
}

/** The whole text at once. */
export const wholeText = async (file: string, name: string): Promise<string> => {
  const bytes = await opened(name, () => readFileBytes(file, MAX_WHOLE));
  const bad = badByte(bytes);
  if (bad !== undefined)
    failEncoding(`${name}:${bad.line}:${bad.column}`, `${bad.message} (byte ${bad.offset} of the file)`);
  const text = bytes.toString("utf8");
  return text.startsWith(BOM) ? text.slice(1) : text;
};

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Lines that end at `\n` or `\r\n` and nowhere else: U+2028, U+0085, form feeds and the like are text. */
export async function* linesOf(file: string, name: string): AsyncGenerator<Line> {
  let line = 1;
  let parts: string[] = [];
  let length = 0;
  const take = (last: string): Line => {
    const text = parts.length === 0 ? last : parts.join("") + last;
    parts = [];
    length = 0;
    return { text: text.endsWith("\r") ? text.slice(0, -1) : text, line: line++ };
  };
  for await (const chunk of textChunks(file, name)) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      yield take(chunk.slice(from, end));
      from = end + 1;
    }
    if (from === chunk.length) continue;
    parts.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > MAX_ROW) failRow(`${name}:${line}`);
  }
  if (parts.length > 0) yield take("");
}

export const failRow = (place: string): never =>
  failFile(
    `${place}: the row that begins here is longer than ${MAX_ROW} characters`,
    "Look for a quote that never closes, or for line breaks that are missing",
  );
