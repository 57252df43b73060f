/** Text that users and checkpoints give is UTF-8; what is not, is told with its place and never read as something else. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { CheckpointError } from "./errors.ts";

/** The text of a file, without a byte-order mark. Throws `CheckpointError`, also for bytes that are not UTF-8, with their place. */
export const readText = (file: string, remedy?: string): string => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const problem = `cannot be read: ${(error as Error).message}`;
    throw new CheckpointError({ file, place: "", problem, ...(remedy === undefined ? {} : { remedy }) });
  }
  const end = utf8End(bytes);
  if (end === undefined) return new TextDecoder("utf-8").decode(bytes);
  throw new CheckpointError({
    file,
    place: `line ${bytes.subarray(0, end).toString("latin1").split("\n").length}`,
    problem: `is not UTF-8 from byte ${end} on`,
    remedy: "save it as UTF-8",
  });
};

/** How many bytes come before the first that is not UTF-8; `undefined` when all of them are. */
export const utf8End = (bytes: Uint8Array): number | undefined => {
  if (isUtf8(bytes)) return undefined;
  const again = Buffer.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const differs = bytes.findIndex((byte, i) => byte !== again[i]);
  let end = differs < 0 ? bytes.length : differs;
  while (!isUtf8(bytes.subarray(0, end))) end--; // its first bytes may be those of the replacement character
  return end;
};
