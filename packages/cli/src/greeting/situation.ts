/** Looks around: pipeline files here and in `pipelines/`, and the newest run. */
import { existsSync, globSync } from "node:fs";
import { join, relative } from "node:path";
import { readFileTextSync } from "@precipice/files";
import { Run } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { Situation } from "./next-steps.ts";

/** Of working folder `folder`, whose runs lie under `root`. */
export const situationOf = Effect.fn("situation")(function* (
  folder: string,
  root: string,
): Effect.fn.Return<Situation> {
  const pipelines = globSync(["*.{yaml,yml}", "pipelines/*.{yaml,yml}"], { cwd: folder })
    .filter((path) => isPipeline(join(folder, path)))
    .sort();
  const runs = yield* Effect.orElseSucceed(Run.list(root), () => []);
  const latest = runs.find(({ record }) => record !== undefined);
  if (latest?.record === undefined) return { pipelines };
  const report = join(latest.path, "report.html");
  return {
    pipelines,
    run: {
      status: latest.status,
      file: latest.record.file,
      ...(existsSync(report) ? { report: relative(folder, report) } : {}),
    },
  };
});

/** By its looks: whether it is sound is for `plan` to say. */
function isPipeline(path: string): boolean {
  try {
    return /^nodes\s*:/m.test(readFileTextSync(path, 2 << 20));
  } catch {
    return false;
  }
}
