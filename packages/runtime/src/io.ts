/** File system calls as Effects whose failure is an `ArtifactError` that names the path and, where known, the remedy. */
import { FileError, openFile } from "@precipice/files";
import * as Effect from "effect/Effect";
import { announceRead, statOf } from "./disk.ts";
import { ArtifactError } from "./errors.ts";

const remedies: { readonly [code: string]: string } = {
  ENOSPC: "The disk is full. Free some space and run again: what was finished is kept.",
  EDQUOT: "The disk quota is used up. Free some space and run again: what was finished is kept.",
  EACCES: "Check the permissions of the folder, or choose another with --root.",
  EROFS: "The folder is read-only: choose another with --root.",
  EMFILE: "Too many open files: raise the limit (ulimit -n).",
};

/** Runs `operation`; a rejection becomes `E_IO` (or `E_ARTIFACT_MISSING` for ENOENT) at `path`. */
export const io = <A>(path: string, operation: () => Promise<A>): Effect.Effect<A, ArtifactError> =>
  Effect.tryPromise({ try: operation, catch: (cause) => ioError(path, cause) });

/** What to do about a failed file system call, where it is known. */
export const ioRemedy = (cause: unknown): string | undefined =>
  remedies[(cause as NodeJS.ErrnoException | undefined)?.code ?? ""];

/** The error for a failed file system call at `path`. */
export function ioError(path: string, cause: unknown): ArtifactError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const remedy = ioRemedy(cause);
  return new ArtifactError({
    code: code === "ENOENT" ? "E_ARTIFACT_MISSING" : "E_IO",
    message:
      code === "ENOENT"
        ? `${path} does not exist`
        : `${path}: ${cause instanceof FileError ? cause.reason : cause instanceof Error ? cause.message : String(cause)}`,
    path,
    cause,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

const chunkBytes = 1 << 28;

/** Reads a file into one buffer of its own, also beyond the 2 GiB limit of `readFile`. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  announceRead(path);
  const { handle: file, bytes: size } = await openFile(path);
  try {
    const bytes = new Uint8Array(size);
    for (let offset = 0; offset < size; ) {
      const { bytesRead } = await file.read(bytes, offset, Math.min(chunkBytes, size - offset), offset);
      if (bytesRead === 0) throw new Error(`the file ended at byte ${offset} of ${size} while it was read`);
      offset += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Size in bytes, `undefined` when there is no such file. */
export const sizeOf = async (path: string): Promise<number | undefined> => (await statOf(path))?.bytes;
