/**
 * The one door to the file system for everything the store, its locks and its records write or check. Each call is announced
 * before it happens, so that tests can fail the k-th call of a publication, for every k, or stop the disk altogether.
 */
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { readFileText } from "@precipice/files";

export interface DiskCall {
  readonly operation:
    | "mkdir"
    | "open"
    | "write"
    | "sync"
    | "close"
    | "read"
    | "list"
    | "stat"
    | "rename"
    | "unlink"
    | "rmdir"
    | "remove";
  readonly path: string;
  /** What a `write` is about to append. */
  readonly bytes?: Uint8Array;
}

/** Sees a call before it happens; what it throws is what the call fails with. */
export type Interceptor = (call: DiskCall) => void;

let interceptor: Interceptor | undefined;

/** Installs `next` for this process until the returned function is called. For tests of what a failing disk does. */
export function intercept(next: Interceptor): () => void {
  interceptor = next;
  return () => {
    interceptor = undefined;
  };
}

const announce = (operation: DiskCall["operation"], path: string, bytes?: Uint8Array): void =>
  interceptor?.({ operation, path, ...(bytes === undefined ? {} : { bytes }) });

/** Whether a call failed because there is nothing at its path. */
export const isMissing = (cause: unknown): boolean => (cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";

/** Creates a folder and its parents. */
export async function makeFolder(path: string): Promise<void> {
  announce("mkdir", path);
  await fs.mkdir(path, { recursive: true }).catch((cause) => {
    if (!isMissing(cause)) throw cause;
    // Node tells of a parent that may not be made (a read-only file system) as of one that is not there.
    return makePlainly(path);
  });
}

/** Folder by folder, so that the error is that of the one which could not be made. */
async function makePlainly(path: string): Promise<void> {
  const make = (): Promise<void> =>
    fs.mkdir(path).catch((cause) => {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    });
  await make().catch(async (cause) => {
    if (!isMissing(cause) || dirname(path) === path) throw cause;
    await makePlainly(dirname(path));
    await make();
  });
}

/**
 * Writes a file: `w` makes it anew, `wx` only when there is none (atomically, also over a network), `a` appends, `a+existing`
 * appends but never makes one.
 */
export async function writeChunks(
  path: string,
  chunks: ReadonlyArray<Uint8Array | string>,
  flags: "w" | "wx" | "a" | "a+existing",
): Promise<void> {
  announce("open", path);
  const handle = await fs.open(path, flags === "a+existing" ? constants.O_WRONLY | constants.O_APPEND : flags);
  try {
    for (const chunk of chunks) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      announce("write", path, bytes);
      await handle.appendFile(bytes);
    }
  } finally {
    await handle.close();
  }
  announce("close", path);
}

export async function readText(path: string): Promise<string> {
  announce("read", path);
  return await readFileText(path);
}

/** The text of a file, `undefined` when there is none: to find nothing is common and worth no error. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  announce("read", path);
  try {
    return await readFileText(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

/** Announces a read that another function does. */
export const announceRead = (path: string): void => announce("read", path);

export async function listFolder(path: string) {
  announce("list", path);
  return await fs.readdir(path, { withFileTypes: true });
}

/** Size in bytes and date of last change in ms; `undefined` when there is nothing. */
export async function statOf(
  path: string,
): Promise<{ readonly bytes: number; readonly changedMs: number } | undefined> {
  announce("stat", path);
  try {
    const { size, mtimeMs } = await fs.stat(path);
    return { bytes: size, changedMs: mtimeMs };
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

export async function rename(from: string, to: string): Promise<void> {
  announce("rename", to);
  await fs.rename(from, to);
}

export async function unlink(path: string): Promise<void> {
  announce("unlink", path);
  await fs.unlink(path);
}

/** Removes an empty folder. */
export async function removeEmpty(path: string): Promise<void> {
  announce("rmdir", path);
  await fs.rmdir(path);
}

/** Removes a file or a folder with all it holds; nothing there is fine. */
export async function remove(path: string): Promise<void> {
  announce("remove", path);
  await fs.rm(path, { recursive: true, force: true });
}

/** Removes a folder with all it may hold, in one call where it holds nothing; nothing there is fine. */
export async function removeFolder(path: string): Promise<void> {
  announce("remove", path);
  try {
    await fs.rmdir(path);
  } catch (cause) {
    if (isMissing(cause)) return;
    await fs.rm(path, { recursive: true, force: true });
  }
}

/** Flushes one file or folder. Platforms that cannot fsync a folder (Windows) do not need to. */
export async function syncPath(path: string): Promise<void> {
  announce("sync", path);
  const handle = await fs.open(path, "r");
  try {
    await handle.sync();
  } catch (cause) {
    if (!["EPERM", "EISDIR", "EINVAL"].includes((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
  } finally {
    await handle.close();
  }
}
