/**
 * The one way to open a file that a user or a stranger names. A FIFO would be waited for without end, a device such as `/dev/zero`
 * has no end, and a folder has no bytes: all of them are refused before a byte is read. Links are followed.
 */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { FileError } from "./errors.ts";

/** The calling thread must not wait, also where another process puts a FIFO in the file's place between the look and the opening. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const KINDS = ["isDirectory", "isFIFO", "isSocket", "isCharacterDevice", "isBlockDevice"] as const;
const NAMES: { readonly [kind in (typeof KINDS)[number]]: string } = {
  isDirectory: "a folder",
  isFIFO: "a FIFO",
  isSocket: "a socket",
  isCharacterDevice: "a device",
  isBlockDevice: "a device",
};

const check = (path: string, found: Stats): void => {
  if (found.isFile()) return;
  const kind = KINDS.find((one) => found[one]());
  throw new FileError(
    "E_NOT_FILE",
    path,
    `${kind === undefined ? "it is" : `it is ${NAMES[kind]},`} not a regular file`,
  );
};

/** Throws `FileError` for what is no regular file, without opening it; else as `stat` does. */
export const checkFile = (path: string): void => check(path, statSync(path));

/** An open regular file, to be closed by the caller, and its size in bytes. Throws `FileError`, and what the file system does. */
export const openFileSync = (path: string): { readonly fd: number; readonly bytes: number } => {
  checkFile(path);
  const fd = openSync(path, FLAGS);
  try {
    const found = fstatSync(fd);
    check(path, found);
    return { fd, bytes: found.size };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

/** As `openFileSync`, without blocking the thread. */
export const openFile = async (path: string): Promise<{ readonly handle: FileHandle; readonly bytes: number }> => {
  check(path, await stat(path));
  const handle = await open(path, FLAGS);
  try {
    const found = await handle.stat();
    check(path, found);
    return { handle, bytes: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
};
