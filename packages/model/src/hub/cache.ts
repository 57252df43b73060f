/**
 * The cache folder of the Hugging Face tools, so that what Python has downloaded is used here and the other way round:
 *
 *     models--org--name/blobs/ETAG                          the content, once
 *                       refs/main                           the commit a branch stood at
 *                       snapshots/COMMIT/config.json        a link to ../../blobs/ETAG
 *                       .precipice/COMMIT.json              the hub's list of all files (ours: Python's tools pass over it)
 *
 * @huggingface/hub writes no refs, links without an atomic step, and shares one `.incomplete` between processes; hence this file.
 */
import { randomBytes } from "node:crypto";
import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readFileTextSync } from "@precipice/files";
import { diskError } from "./errors.ts";
import { type HubReference, isCommit, showReference } from "./reference.ts";

export const repositoryFolder = (cacheDir: string, { type, name }: HubReference): string =>
  join(cacheDir, [`${type}s`, ...name.split("/")].join("--"));

export const snapshotFolder = (cacheDir: string, reference: HubReference, commit: string): string =>
  join(repositoryFolder(cacheDir, reference), "snapshots", commit);

export const blobFile = (cacheDir: string, reference: HubReference, etag: string): string =>
  join(repositoryFolder(cacheDir, reference), "blobs", etag);

const refFile = (cacheDir: string, reference: HubReference): string =>
  join(repositoryFolder(cacheDir, reference), "refs", reference.revision);

/** The commit a branch or tag stood at when it was last seen. */
export const readRef = (cacheDir: string, reference: HubReference): string | undefined => {
  try {
    const commit = readFileTextSync(refFile(cacheDir, reference), 4096).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
};

/** Remembers it. A cache that cannot be written, say a shared one, still serves to read. */
export const writeRef = (cacheDir: string, reference: HubReference, commit: string): void => {
  if (readRef(cacheDir, reference) === commit) return;
  remember(reference, refFile(cacheDir, reference), commit);
};

const remember = (reference: HubReference, file: string, text: string): void => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    replace(file, (temporary) => writeFileSync(temporary, text));
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw diskError(showReference(reference), error);
  }
};

const listingFile = (cacheDir: string, reference: HubReference, commit: string, part: ListedPart): string =>
  join(repositoryFolder(cacheDir, reference), ".precipice", `${commit}${part === "all" ? "" : `.${part}`}.json`);

/** All files of a commit, or those of its top folder. */
export type ListedPart = "all" | "top";

/** What a hub once listed at a commit. A commit never changes, so neither does its list. */
export const readListing = (cacheDir: string, reference: HubReference, commit: string, part: ListedPart): unknown => {
  try {
    return JSON.parse(readFileTextSync(listingFile(cacheDir, reference, commit, part)));
  } catch {
    return undefined;
  }
};

/** Remembers it, so that without a network it is known which files are missing. */
export const writeListing = (
  cacheDir: string,
  reference: HubReference,
  commit: string,
  part: ListedPart,
  files: ReadonlyArray<unknown>,
): void => remember(reference, listingFile(cacheDir, reference, commit, part), JSON.stringify(files));

/** Size in bytes of a file, through links; `undefined` when there is none. */
export const sizeOfFile = (file: string): number | undefined => {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
};

/** Puts a blob into a snapshot: a relative link, else a hard link, else a copy. */
export const linkBlob = (blob: string, file: string, symlinks: boolean): void => {
  mkdirSync(dirname(file), { recursive: true });
  replace(file, (temporary) => {
    const ways = [
      ...(symlinks ? [() => symlinkSync(relative(dirname(file), blob), temporary)] : []),
      () => linkSync(blob, temporary),
    ];
    for (const way of ways) {
      try {
        return way();
      } catch {
        // not on this file system, or not for this user: the next way
      }
    }
    copyFileSync(blob, temporary);
  });
};

/** In one step, so that nobody sees half of it. */
const replace = (file: string, write: (temporary: string) => void): void => {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    write(temporary);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};
