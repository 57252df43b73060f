/** Making files survive a crash: fsync of contents and of the folders that name them. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Flushes every file and folder below `folder`, inner ones first. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else await syncPath(path);
  }
  await syncPath(folder);
}

/** Flushes one file or folder. Platforms that cannot fsync a folder (Windows) do not need to. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (cause) {
    if (!["EPERM", "EISDIR", "EINVAL"].includes((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
  } finally {
    await handle.close();
  }
}

/** Writes a small file so that readers see the old content or the new, never a part. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}
