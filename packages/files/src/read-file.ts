/** The bytes of regular files, whole up to a bound or piece by piece. */
import { closeSync, type ReadStream, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { FileError } from "./errors.ts";
import { openFile, openFileSync } from "./open-file.ts";

/** A bound for files that programs write and that have no natural size: manifests, records, lists of files. */
export const MOST_OF_RECORD = 256 << 20;

const PIECE = 1 << 16;

const tooLong = (path: string, most: number, bytes: number): FileError =>
  new FileError(
    "E_FILE_SIZE",
    path,
    `it has ${bytes > most ? `${bytes.toLocaleString("en")} bytes` : "more bytes than when it was opened"}; at most ${most.toLocaleString("en")} are read`,
  );

/** Room for the size that was found, and one byte more: a file may grow, and those of `/proc` say 0. */
const room = (path: string, bytes: number, most: number): number => {
  if (bytes > most) throw tooLong(path, most, bytes);
  return Math.min(Math.max(bytes + 1, PIECE), most + 1);
};

const larger = (path: string, buffer: Buffer, most: number): Buffer => {
  if (buffer.length > most) throw tooLong(path, most, 0);
  return Buffer.concat([buffer], Math.min(2 * buffer.length, most + 1));
};

/** All bytes of a regular file of at most `most` bytes. Throws `FileError`, and what the file system does. */
export const readFileBytesSync = (path: string, most: number): Buffer => {
  const { fd, bytes } = openFileSync(path);
  try {
    let buffer: Buffer = Buffer.allocUnsafeSlow(room(path, bytes, most));
    for (let length = 0; ; ) {
      if (length === buffer.length) buffer = larger(path, buffer, most);
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      if (read === 0) return buffer.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(fd);
  }
};

/** As `readFileBytesSync`, without blocking the thread. */
export const readFileBytes = async (path: string, most: number): Promise<Buffer> => {
  const { handle, bytes } = await openFile(path);
  try {
    let buffer: Buffer = Buffer.allocUnsafeSlow(room(path, bytes, most));
    for (let length = 0; ; ) {
      if (length === buffer.length) buffer = larger(path, buffer, most);
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await handle.close();
  }
};

/** The same bytes as text, for files that this project writes itself: what is not UTF-8 becomes U+FFFD. */
export const readFileTextSync = (path: string, most = MOST_OF_RECORD): string =>
  readFileBytesSync(path, most).toString("utf8");

export const readFileText = async (path: string, most = MOST_OF_RECORD): Promise<string> =>
  (await readFileBytes(path, most)).toString("utf8");

/** A stream of a regular file's bytes, which closes the file at its end. Rejects as `openFile` does, before anything is read. */
export const streamFile = async (
  path: string,
  options: { readonly highWaterMark?: number } = {},
): Promise<ReadStream> => {
  const { handle }: { readonly handle: FileHandle } = await openFile(path);
  return handle.createReadStream(options);
};
