/**
 * The sha256 of a file's bytes. A large file is read once: its digest is remembered by device, inode, size, modification and
 * change time, all in nanoseconds. A change time cannot be set back as a modification time can, so other bytes are seen even
 * where size and modification time are the old ones. Where the file lies is no part of it.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileIdentity, lastChangeMs, SETTLED_MS, streamFile } from "@precipice/files";
import { cacheFolder } from "../cache-folder.ts";

export interface FileDigestOptions {
  /** Files of this many bytes and more are remembered; 64 MB by default. */
  readonly rememberFrom?: number;
  /** How long a file must have been left alone to be remembered: clocks of file systems are coarse. Default 3 s. */
  readonly settledMs?: number;
}

/** Lower-case hexadecimal. Links are followed. */
export const fileDigest = async (
  file: string,
  { rememberFrom = 64e6, settledMs = SETTLED_MS }: FileDigestOptions = {},
): Promise<string> => {
  const before = await identity(file);
  if (before.size < rememberFrom) return read(file);
  const memory = join(cacheFolder(), "file-digests", createHash("sha256").update(before.name).digest("hex"));
  const known = await readFile(memory, "utf8").catch(() => "");
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const digest = await read(file);
  const after = await identity(file);
  // what was written just now may be written again within one tick of the clock
  const isSettled = after.name === before.name && Date.now() - after.changedMs >= settledMs;
  if (isSettled) await remember(memory, digest);
  return digest;
};

const identity = async (file: string) => {
  const found = await stat(file, { bigint: true });
  return { name: fileIdentity(found), size: Number(found.size), changedMs: lastChangeMs(found) };
};

const read = async (file: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of await streamFile(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

/** A cache that cannot be written costs time alone. */
const remember = async (path: string, digest: string): Promise<void> => {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(temporary, digest);
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
};
