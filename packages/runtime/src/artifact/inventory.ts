/** The files of a folder with their sizes and sha256, in path order. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { announceRead, listFolder, statOf } from "../disk.ts";

export interface FileEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * `known` files are not read again.
 *
 * @throws Error for anything that is not a plain file or folder: a link would make the artifact depend on the outside.
 */
export async function inventory(
  folder: string,
  known: ReadonlyMap<string, FileEntry> = new Map(),
): Promise<ReadonlyArray<FileEntry>> {
  const entries: Array<FileEntry> = [];
  for (const path of await listFiles(folder)) {
    const entry = known.get(path);
    if (entry !== undefined) {
      entries.push(entry);
      continue;
    }
    const found = await statOf(join(folder, path));
    if (found === undefined) throw new Error(`${path} vanished while the artifact was read`);
    entries.push({ path, bytes: found.bytes, sha256: await sha256Of(join(folder, path), found.bytes) });
  }
  return entries;
}

/** Relative paths of all files below `folder`, sorted. */
export async function listFiles(folder: string): Promise<ReadonlyArray<string>> {
  const paths: Array<string> = [];
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of await listFolder(join(folder, prefix))) {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) paths.push(path);
      else throw new Error(`${path} is neither a file nor a folder: artifacts hold plain files only`);
    }
  };
  await visit("");
  return paths.sort();
}

async function sha256Of(path: string, bytes: number): Promise<string> {
  announceRead(path);
  // A stream costs more than reading a small file at once.
  if (bytes <= 1 << 20)
    return createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
