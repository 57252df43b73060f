/** Text that users give is UTF-8. What is not, is told with its place, and never read as something else. */

export interface BadByte {
  /** Bytes before it. */
  readonly offset: number;
  /** From 1; a line ends at `\n`, a column is a UTF-16 unit. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The first byte at which `bytes` stop being UTF-8 text, and why; `undefined` when all of them are. */
export const badByte = (bytes: Uint8Array): BadByte | undefined => {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) return { offset: 0, line: 1, column: 1, message: `the file is ${wide}` };
  if (decodes(bytes, false)) return undefined;
  let good = 0;
  for (let bad = bytes.length; bad - good > 1; ) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  const offset = good - cutTail(bytes.subarray(0, good));
  const before = new TextDecoder("utf-8").decode(bytes.subarray(0, offset)).split("\n");
  const message = "the file is not UTF-8 from here on";
  return { offset, line: before.length, column: (before.at(-1) ?? "").length + 1, message };
};

/** How many bytes at the end begin a character that is not whole yet: 0 to 3. */
export const cutTail = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
};

const decodes = (bytes: Uint8Array, stream: boolean): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
};

/** UTF-32 and UTF-16 by their byte-order mark, or by the zero in each of the first two characters. */
const wideEncoding = ([a, b, c, d]: Uint8Array): string | undefined => {
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    return "UTF-32";
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return "UTF-16";
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return (a > 0 && b === 0 && c > 0 && d === 0) || (a === 0 && b > 0 && c === 0 && d > 0) ? "UTF-16" : undefined;
};
