/** Ends the records of runs whose process a signal ended, so that they do not say "running" for ever. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { io } from "../io.ts";
import { replaceFile } from "../store/durable.ts";
import type { ErrorInfo } from "./events.ts";
import { listRuns } from "./list.ts";
import type { RunRecord } from "./record.ts";

/** Runs under `root` that process `pid` began and nobody holds any more end as failed with `error`; gives their folders. */
export const recordDeath = Effect.fn("Run.recordDeath")(function* (root: string, pid: number, error: ErrorInfo) {
  const ended: Array<string> = [];
  for (const { path, status, record } of yield* listRuns(root)) {
    if (status !== "killed" || record === undefined || record.pid !== pid) continue;
    const finished: RunRecord = { ...record, status: "failed", finishedAt: new Date().toISOString(), error };
    yield* io(path, () => replaceFile(join(path, "run.json"), `${JSON.stringify(finished, null, 2)}\n`));
    ended.push(path);
  }
  return ended;
});
