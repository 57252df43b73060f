/** Making files survive a crash: fsync of contents and of the folders that name them. */
import { dirname, join } from "node:path";
import { isMissing, listFolder, makeFolder, remove, rename, syncPath, writeChunks } from "../disk.ts";
import { claim, isOrphan, nameOf } from "./owner.ts";

export { syncPath } from "../disk.ts";

/**
 * Flushes files below `folder` (paths with `/`; a last `/` for a folder) and all folders that lead to them, all at once: a
 * file system writes its journal once for several.
 */
export async function syncTree(folder: string, paths: Iterable<string>): Promise<void> {
  const all = new Set([folder]);
  for (const path of paths) {
    const parts = path.split("/").filter((part) => part !== "");
    for (let depth = 1; depth <= parts.length; depth++) all.add(join(folder, ...parts.slice(0, depth)));
  }
  await Promise.all([...all].map(syncPath));
}

/**
 * Renames into a folder that is made when it is missing. Gives the folders to flush before the new name is durable: its own, and
 * those up to `root` above one that was made.
 */
export async function renameInto(from: string, to: string, root: string): Promise<ReadonlyArray<string>> {
  const folder = dirname(to);
  try {
    await rename(from, to);
    return [folder];
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    await makeFolder(folder);
    await rename(from, to);
    const changed = [folder];
    for (let above = dirname(folder); above.startsWith(root); above = dirname(above)) changed.push(above);
    return changed;
  }
}

interface Syncs {
  running: Promise<void>;
  next?: Promise<void>;
}
const syncs = new Map<string, Syncs>();

/**
 * Flushes a folder that many publish into at once: those that come while it is being flushed share the flush after that one,
 * which sees what all of them have renamed.
 */
export function syncShared(folder: string): Promise<void> {
  const known = syncs.get(folder);
  if (known !== undefined) {
    known.next ??= known.running.then(
      () => startSync(folder),
      () => startSync(folder),
    );
    return known.next;
  }
  return startSync(folder);
}

function startSync(folder: string): Promise<void> {
  const running = syncPath(folder).finally(() => {
    const own = syncs.get(folder);
    if (own?.running === running && own.next === undefined) syncs.delete(folder);
  });
  syncs.set(folder, { running });
  return running;
}

/** Writes a small file so that readers see the old content or the new, never a part. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${nameOf(claim())}.tmp`;
  try {
    await writeChunks(temporary, [text], "w").catch(async (cause) => {
      if (!isMissing(cause)) throw cause;
      await makeFolder(dirname(path));
      await writeChunks(temporary, [text], "w");
    });
    await rename(temporary, path);
  } catch (cause) {
    await remove(temporary).catch(() => undefined);
    throw cause;
  }
}

/** Removes what processes that died while they replaced files left below `folder`; returns how many files that were. */
export async function sweepReplaced(folder: string, dryRun: boolean): Promise<number> {
  let swept = 0;
  for (const entry of await listFolder(folder).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) swept += await sweepReplaced(path, dryRun);
    else if (isOrphan(entry.name)) {
      swept += 1;
      if (!dryRun) await remove(path);
    }
  }
  return swept;
}
