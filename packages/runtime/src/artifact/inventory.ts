/** The files of a folder with their sizes and sha256, in path order. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface FileEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws Error for anything that is not a plain file or folder: a link would make the artifact depend on the outside. */
export async function inventory(folder: string): Promise<ReadonlyArray<FileEntry>> {
  const entries: Array<FileEntry> = [];
  for (const path of await listFiles(folder)) {
    const { size } = await stat(join(folder, path));
    entries.push({ path, bytes: size, sha256: await sha256Of(join(folder, path)) });
  }
  return entries;
}

/** Relative paths of all files below `folder`, sorted. */
export async function listFiles(folder: string): Promise<ReadonlyArray<string>> {
  const paths: Array<string> = [];
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) paths.push(path);
      else throw new Error(`${path} is neither a file nor a folder: artifacts hold plain files only`);
    }
  };
  await visit("");
  return paths.sort();
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
