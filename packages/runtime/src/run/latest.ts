/** `runs/latest`: a symlink to the newest run, or a text file with its name where symlinks are not allowed. */
import { rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFileText } from "@precipice/files";
import { claim, nameOf } from "../store/owner.ts";

/** Points `runs/latest` at run `id`, atomically. */
export async function pointLatest(runs: string, id: string): Promise<void> {
  const temporary = join(runs, `.latest-${nameOf(claim())}`);
  try {
    await symlink(id, temporary, "dir");
  } catch {
    await writeFile(temporary, `${id}\n`);
  }
  await rename(temporary, join(runs, "latest")).catch(() => rm(temporary, { force: true }));
}

/** Absolute folder of the newest run, `undefined` when there is none. */
export async function resolveLatest(runs: string): Promise<string | undefined> {
  const path = join(runs, "latest");
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) return undefined;
  return entry.isDirectory() ? path : join(runs, (await readFileText(path, 4096)).trim());
}
