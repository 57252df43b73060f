/**
 * What the executor costs beside the work: a pipeline of trivial stages, run from nothing and again. Medians over rounds after a
 * warm-up, beside what the disk takes to flush one small file: each node flushes a table, a manifest and their folder. Fails
 * when a node costs 3 ms or more.
 *
 *   npm run bench:executor -- --nodes 1000 --rounds 7
 */
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Artifact, execute, Pipeline, plan, Registry, Stage, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    rounds: { type: "string", default: "7" },
    folder: { type: "string", default: tmpdir() },
    json: { type: "boolean", default: false },
  },
});
const limitMs = 3;
const count = Number(values.nodes);
const rounds = Number(values.rounds);

const Value = Artifact.kind("value", {
  version: 1,
  description: "One number",
  tables: { value: Schema.Struct({ value: Schema.Int }) },
});
/** Time inside stages: not the executor's. */
let workMs = 0;
const add = Stage.make("bench.add", {
  version: 1,
  description: "One more than its inputs' sum",
  config: Schema.Struct({ i: Schema.Int }),
  inputs: { values: Stage.many(Value) },
  outputs: { value: Value },
  run: Effect.fn("bench.add")(function* ({ inputs, outputs, config }) {
    const started = performance.now();
    const value = inputs.values.length + config.i;
    workMs += performance.now() - started;
    yield* outputs.value.writeRows("value", [{ value }]);
  }),
});

const pipelineOf = (nodes: number): string =>
  [
    "version: 1",
    "name: executor",
    "nodes:",
    ...Array.from({ length: nodes }, (_, i) => {
      // Ten chains side by side, each node on the one before and on one of another chain.
      const inputs = i < 10 ? [] : [`n${i - 10}`, `n${i - 10 + ((i * 7) % 10 < i % 10 ? -(i % 10) : 0)}`];
      return `  n${i}: { stage: bench.add, inputs: { values: [${[...new Set(inputs)].join(", ")}] }, config: { i: ${i} } }`;
    }),
  ].join("\n");

const folder = mkdtempSync(join(values.folder, "precipice-executor-"));
const program = Effect.fnUntraced(function* (root: string, nodes: number) {
  const started = performance.now();
  const pipeline = yield* Pipeline.parse(pipelineOf(nodes), join(root, "executor.yaml"), Registry.make([add]));
  const loaded = performance.now();
  const planned = yield* plan(pipeline, yield* Store.open(root));
  const plannedAt = performance.now();
  const cpu = process.cpuUsage();
  const result = yield* execute(planned);
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  if (result.status !== "ok") throw new Error("the pipeline failed");
  return {
    loadMs: loaded - started,
    planMs: plannedAt - loaded,
    runMs: ended - plannedAt,
    cpuMs: (user + system) / 1000,
  };
});

/** From nothing and again, in a folder of its own. */
async function round(name: string, nodes: number) {
  const root = join(folder, name);
  mkdirSync(root);
  workMs = 0;
  const first = await Effect.runPromise(program(root, nodes));
  const overMs = first.runMs - workMs;
  const again = await Effect.runPromise(program(root, nodes));
  return { ...first, overMs, planAgainMs: again.planMs, runAgainMs: again.runMs };
}

/** Milliseconds the disk takes to flush a new file of 1 KiB; the median of 50. */
function flushMs(): number {
  const took = Array.from({ length: 50 }, (_, i) => {
    const file = openSync(join(folder, `flush-${i}`), "w");
    writeSync(file, Buffer.alloc(1024, 1));
    const started = performance.now();
    fsyncSync(file);
    const ms = performance.now() - started;
    closeSync(file);
    rmSync(join(folder, `flush-${i}`));
    return ms;
  });
  return median(took);
}

function median(of: ReadonlyArray<number>): number {
  const sorted = [...of].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

type Round = Awaited<ReturnType<typeof round>> & { readonly flushMs: number };

try {
  await round("warm-up", Math.min(count, 300));
  const seen: Array<Round> = [];
  for (let i = 0; i < rounds; i++) {
    const flush = flushMs();
    const figures = { ...(await round(`round-${i}`, count)), flushMs: flush };
    seen.push(figures);
    if (!values.json)
      console.log(
        `round ${i + 1}: ${(figures.overMs / count).toFixed(2)} ms per node, ` +
          `${(figures.cpuMs / count).toFixed(2)} of processor time; a flush takes ${flush.toFixed(2)} ms`,
      );
  }
  const each = (key: keyof Round): number => Number((median(seen.map((one) => one[key])) / count).toFixed(3));
  const figures = {
    nodes: count,
    rounds,
    "load, ms per node": each("loadMs"),
    "plan, ms per node": each("planMs"),
    "run over the work, ms per node": each("overMs"),
    "of it processor time, ms per node": each("cpuMs"),
    "flush of one small file, ms": Number(median(seen.map((one) => one.flushMs)).toFixed(3)),
    "plan when all is stored, ms per node": each("planAgainMs"),
    "run when all is stored, ms per node": each("runAgainMs"),
  };
  if (values.json) console.log(JSON.stringify(figures));
  else for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(40)} ${value}`);
  if (figures["run over the work, ms per node"] >= limitMs) {
    console.error(`a node costs ${limitMs} ms or more`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
