/**
 * Ranks a pool of a million rows: rows per second, and the memory it takes.
 *
 *     npm run bench:select -- [--rows N] [--method NAME] [--json]
 *
 * Scores are made up and written to disk batch by batch, as cliff.score would leave them; then `select.rank` runs on them in a
 * process of its own, whose peak resident memory is read at its end. Prompts repeat, so that de-duplication has something to do.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Scores } from "@precipice/artifacts";
import { Artifact, runStage, Stage } from "@precipice/runtime";
import { selectRank } from "@precipice/select";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    method: { type: "string", default: "misalignment" },
    json: { type: "boolean", default: false },
    rank: { type: "string" },
  },
});
const rows = Number(values.rows);

const makeScores = Stage.make("bench.scores", {
  version: 1,
  description: "Scores of a made-up pool",
  config: Schema.Struct({}),
  inputs: {},
  outputs: { scores: Scores },
  run: Effect.fn("bench.scores")(function* ({ outputs }) {
    const draw = random(1, "bench", "select");
    const size = 20_000;
    for (let from = 0; from < rows; from += size) {
      const batch = Array.from({ length: Math.min(size, rows - from) }, (_, i) => {
        const [plateau, final] = [draw.next(), draw.next()];
        const scored = draw.next() > 0.02;
        return {
          trace_id: `pool-${String(from + i).padStart(8, "0")}@pool.0`,
          prompt_id: `pool-${String(draw.next() < 0.05 ? draw.int(rows) : from + i).padStart(8, "0")}`,
          label: draw.next() < 0.35 ? ("harmful" as const) : ("harmless" as const),
          family: `family-${draw.int(20)}`,
          site: "ln_final.hook_normalized",
          plateau: scored ? plateau : null,
          final: scored ? final : null,
          cliff: scored ? plateau - final : null,
          fall_index: null,
          fall_token: null,
          n_tokens: 40 + draw.int(60),
        };
      });
      yield* outputs.scores.appendRows("traces", batch);
    }
    for (const table of ["tokens", "curves", "plateaus", "falls", "summary"] as const)
      yield* outputs.scores.writeRows(table, []);
  }),
});

/** Ranks what lies in `folder` and prints seconds and megabytes. */
const rank = async (folder: string) => {
  const scores = Artifact.open(Scores, join(folder, "scores"), { digest: "bench", node: "scores" });
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const { selection } = await Effect.runPromise(
    runStage(selectRank, {
      config: { method: values.method as "misalignment" },
      inputs: { scores, traces: undefined, verdicts: undefined, activations: undefined },
      folder: join(folder, "ranked"),
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { contents } = await Effect.runPromise(Artifact.readManifest(selection.path));
  console.log(
    JSON.stringify({
      rows: contents.tables["selection"]?.rows,
      seconds,
      megabytesBefore: before / 1e6,
      peakMegabytes: process.resourceUsage().maxRSS / 1e3,
    }),
  );
};

if (values.rank !== undefined) await rank(values.rank);
else {
  const folder = mkdtempSync(join(tmpdir(), "precipice-select-"));
  try {
    await Effect.runPromise(runStage(makeScores, { config: {}, inputs: {}, folder }));
    const args = [fileURLToPath(import.meta.url), "--rank", folder, "--method", values.method];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) process.exitCode = 1;
    else {
      const { rows, seconds, megabytesBefore, peakMegabytes } = JSON.parse(stdout) as Record<string, number>;
      const found = {
        method: values.method,
        rows,
        seconds,
        rowsPerSecond: (rows as number) / (seconds as number),
        megabytesBefore,
        peakMegabytes,
        bounded: (peakMegabytes as number) <= 500,
      };
      if (values.json) console.log(JSON.stringify(found));
      else console.table(found);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
