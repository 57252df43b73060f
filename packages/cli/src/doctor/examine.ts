/** All of `precipice doctor`'s checks, in the order they are told. */
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Check } from "./check.ts";
import { deviceChecks, embeddedCheck } from "./computing.ts";
import { networkCheck, tokenCheck } from "./hub.ts";
import { diskCheck, memoryCheck, nodeCheck, threadsCheck, writableCheck } from "./machine.ts";

/** `root` is the folder that has, or would have, the store and the runs. */
export async function examine(root: string): Promise<ReadonlyArray<Check>> {
  const { cacheFolder, hubSettings } = await import("@precipice/model");
  const hub = hubSettings();
  const store = join(root, ".precipice");
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const checks = await Promise.all([
    nodeCheck(process.versions.node),
    deviceChecks(),
    embeddedCheck(),
    threadsCheck(availableParallelism()),
    memoryCheck(Math.min(process.availableMemory(), total), total),
    diskCheck(store),
    writableCheck("store", store, "Give another folder: --root FOLDER."),
    writableCheck("cache", cacheFolder(), "Name a folder that can be written in PRECIPICE_CACHE."),
    writableCheck("hub cache", hub.cacheDir, "Name a folder that can be written in HF_HOME."),
    networkCheck(hub),
    tokenCheck(hub),
    { name: "python", status: "ok", found: "not needed" } satisfies Check,
  ]);
  return checks.flat();
}
