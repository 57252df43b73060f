/** The files of a folder with their sizes and sha256, in path order. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readFileBytes, streamFile } from "@precipice/files";
import { announceRead, listFolder, statOf } from "../disk.ts";

export interface FileEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of a table or vectors larger than one block: the sha256 of each `hashBlockBytes`, so that a window of it can be verified. */
  readonly blocks?: ReadonlyArray<string>;
}

/** 4 MiB: 2 GiB of vectors take 512 hashes. */
export const hashBlockBytes = 1 << 22;

/** Size and hashes of a table or vectors while they are written. */
export class FileHash {
  readonly #whole = createHash("sha256");
  readonly #blocks: Array<string> = [];
  #block = createHash("sha256");
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#whole.update(chunk);
    for (let at = 0; at < chunk.length; ) {
      const room = hashBlockBytes - (this.#bytes % hashBlockBytes);
      const piece = chunk.subarray(at, at + room);
      this.#block.update(piece);
      this.#bytes += piece.length;
      at += piece.length;
      if (piece.length === room) {
        this.#blocks.push(this.#block.digest("hex"));
        this.#block = createHash("sha256");
      }
    }
  }

  /** Ends it. */
  entry(path: string): FileEntry {
    const bytes = this.#bytes;
    const sha256 = this.#whole.digest("hex");
    if (bytes <= hashBlockBytes) return { path, bytes, sha256 };
    const blocks = bytes % hashBlockBytes === 0 ? this.#blocks : [...this.#blocks, this.#block.digest("hex")];
    return { path, bytes, sha256, blocks };
  }
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

/** Whole: no window of a free file is read through its hash. */
async function sha256Of(file: string, bytes: number): Promise<string> {
  announceRead(file);
  const hash = createHash("sha256");
  // A stream costs more than reading a small file at once.
  if (bytes <= 1 << 20) hash.update(await readFileBytes(file, 1 << 21));
  else for await (const chunk of await streamFile(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
