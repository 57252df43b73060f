/**
 * The frames of a Zstandard file (RFC 8878). Node's decoder ends with the first of them and passes over the rest in silence, and tools
 * that compress in parallel or append write many.
 */
import type { FileHandle } from "node:fs/promises";

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

export interface Frame {
  /** Bytes from the beginning of the file; `end` is behind the last. */
  readonly start: number;
  readonly end: number;
}

/** Frames that hold data, in file order. Throws `Error` for what is no frame, and for one that the end of the file cuts. */
export async function* zstdFrames(file: FileHandle, bytes: number): AsyncGenerator<Frame> {
  const buffer = Buffer.alloc(8);
  const read = async (at: number, length: number): Promise<Buffer> => {
    const { bytesRead } = await file.read(buffer, 0, length, at);
    if (bytesRead < length) throw new Error("unexpected end of file");
    return buffer.subarray(0, length);
  };
  for (let start = 0; start < bytes || start === 0; ) {
    const magic = (await read(start, 4)).readUInt32LE();
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      start += 8 + (await read(start + 4, 4)).readUInt32LE();
      if (start > bytes) throw new Error("unexpected end of file");
      continue;
    }
    if (magic !== FRAME) throw new Error(`there is no Zstandard frame at byte ${start}`);
    const descriptor = (await read(start + 4, 1))[0] as number;
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    let end = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
    for (let isLast = false; !isLast; ) {
      const block = (await read(end, 3)).readUIntLE(0, 3);
      isLast = (block & 1) === 1;
      end += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3); // one byte stands for a run of it
    }
    if ((descriptor & 4) !== 0) end += 4;
    if (end > bytes) throw new Error("unexpected end of file");
    yield { start, end };
    start = end;
  }
}
