/** How a written folder becomes visible: its manifest, everything flushed, then one rename. Whole or not at all, at any moment. */
import { dirname, join } from "node:path";
import type { AnyKind } from "../artifact/kind.ts";
import { type Manifest, manifestFile, manifestText } from "../artifact/manifest.ts";
import { remove, rename, writeChunks } from "../disk.ts";
import { renameInto, syncShared, syncTree } from "./durable.ts";
import { ignoring } from "./lock.ts";

export interface Publication {
  /** What was written, on the file system of `target`. */
  readonly folder: string;
  readonly target: string;
  readonly kind: AnyKind;
  readonly manifest: Manifest;
  /** Folders above `target` that are missing are made, and made durable, up to this one. */
  readonly root: string;
  /** Whether what is there gives way. */
  readonly replace: boolean;
}

/** Succeeds with whether the folder was published: without `replace` it is not when something is there. */
export async function publishFolder({ folder, target, kind, manifest, root, replace }: Publication): Promise<boolean> {
  await writeChunks(join(folder, manifestFile), [manifestText(manifest)], "w");
  const folders = kind.files.filter((path) => path.endsWith("/"));
  await syncTree(folder, [manifestFile, ...manifest.contents.files.map(({ path }) => path), ...folders]);
  const old = `${folder}.old`;
  if (replace) await rename(target, old).catch(ignoring("ENOENT"));
  try {
    const changed = await renameInto(folder, target, root).catch((cause) => {
      ignoring("ENOTEMPTY", "EEXIST", "EPERM")(cause);
      return undefined;
    });
    await Promise.all((changed ?? [dirname(target)]).map(syncShared));
    return changed !== undefined;
  } finally {
    if (replace) await remove(old);
  }
}
