/** Text that users and checkpoints give: a regular file, of a bounded size, in UTF-8; what is not, is told and never read as something else. */
import { getHeapStatistics } from "node:v8";
import { badByte, FileError, readFileBytesSync } from "@precipice/files";
import { CheckpointError } from "./errors.ts";

/** Configs, templates and indices are smaller by far. Parsed, JSON may take twenty times its bytes of the heap. */
const ofHeap = Math.floor(getHeapStatistics().heap_size_limit / 24);
const MOST_BYTES = Math.min(64 << 20, ofHeap);
const OF_TOKENIZER = Math.min(256 << 20, ofHeap);

/** The text of a file, without a byte-order mark. Throws `CheckpointError`: what cannot be read, and the place of bytes that are not UTF-8. */
export const readText = (file: string, remedy?: string): string => {
  let bytes: Buffer;
  try {
    bytes = readFileBytesSync(file, file.endsWith("tokenizer.json") ? OF_TOKENIZER : MOST_BYTES);
  } catch (error) {
    const problem = `cannot be read: ${error instanceof FileError ? error.reason : (error as Error).message}`;
    throw new CheckpointError({ file, place: "", problem, ...(remedy === undefined ? {} : { remedy }) });
  }
  const bad = badByte(bytes);
  if (bad === undefined) return new TextDecoder("utf-8").decode(bytes);
  throw new CheckpointError({
    file,
    place: `line ${bad.line}`,
    problem: `is not UTF-8 from byte ${bad.offset} on`,
    remedy: "save it as UTF-8",
  });
};

/** How many bytes come before the first that is not UTF-8; `undefined` when all of them are. */
export const utf8End = (bytes: Uint8Array): number | undefined => badByte(bytes)?.offset;
