/** Files inside a folder and nowhere else: whatever their path says, wherever a symlink on the way leads. */
import { type FileHandle, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { FileError, openFile } from "@precipice/files";

export interface OpenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/** Opens the file for reading; `undefined` when it is not there, is no plain file, or lies outside of `folder`. */
export async function openInside(folder: string, path: ReadonlyArray<string>): Promise<OpenFile | undefined> {
  const real = await realInside(folder, path);
  if (real === undefined) return undefined;
  return openFile(real).catch((error: unknown) => {
    if (error instanceof FileError) return undefined;
    throw error;
  });
}

/** The real path of what `path` means, when that lies in `folder`. */
export async function realInside(folder: string, path: ReadonlyArray<string>): Promise<string | undefined> {
  try {
    const base = await realpath(folder);
    const real = await realpath(join(base, ...path));
    return real.startsWith(base.endsWith(sep) ? base : base + sep) ? real : undefined;
  } catch {
    return undefined;
  }
}
