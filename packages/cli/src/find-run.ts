/** Which run an argument means: `latest`, `latest~1`, a folder, an id, or the beginning or end of an id. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Run, type RunError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { suggest } from "./suggest.ts";
import { CommandError } from "./terminal/errors.ts";

/** Absolute folder of the run: `E_RUN_UNKNOWN` when it means none, `E_RUN_AMBIGUOUS` when it means several. */
export const findRun = Effect.fn("findRun")(function* (
  what: string,
  root: string,
): Effect.fn.Return<string, CommandError | RunError> {
  if (existsSync(join(resolve(what), "run.json"))) return resolve(what);
  const runs = yield* Run.list(root);
  const ids = runs.map(({ id }) => id);
  const back = /^latest(?:~(\d+))?$/.exec(what);
  if (back !== null) {
    const run = runs[Number(back[1] ?? 0)];
    if (run !== undefined) return run.path;
    const message = runs.length === 0 ? "there is no run yet" : `there ${are(runs.length)}, so there is no ${what}`;
    const remedy =
      runs.length === 0
        ? `Run a pipeline first: precipice run FILE. Looked in ${join(root, "runs")}.`
        : `The oldest is latest~${runs.length - 1}; precipice runs --last 0 lists them all.`;
    return yield* Effect.fail(new CommandError("E_RUN_UNKNOWN", message, remedy));
  }
  const exact = runs.find(({ id }) => id === what);
  if (exact !== undefined) return exact.path;
  const matching = runs.filter(({ id }) => id.startsWith(what) || id.endsWith(what));
  if (matching.length > 1) {
    const message = `"${what}" is part of ${matching.length} runs: ${matching.map(({ id }) => id).join(", ")}`;
    return yield* Effect.fail(new CommandError("E_RUN_AMBIGUOUS", message, "Give more of the id."));
  }
  const [only] = matching;
  if (only !== undefined) return only.path;
  const remedy = suggest(basename(what), ids, "precipice runs lists them; latest~1 is the one before the last.");
  return yield* Effect.fail(new CommandError("E_RUN_UNKNOWN", `"${what}" is no run`, remedy));
});

const are = (runs: number): string => (runs === 1 ? "is one run" : `are ${runs} runs`);
