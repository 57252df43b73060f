/** Matrices of thousands of nodes: what is planned is right, and what is said of it stays short. No test here measures time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Artifact, Pipeline, type PipelineError, plan, Registry, Stage, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { afterAll, describe, expect, it } from "vitest";

const Values = Artifact.kind("values", {
  version: 1,
  description: "Values",
  tables: { values: Schema.Struct({ value: Schema.Number }) },
});
let looks = 0;
const step = Stage.make("large.step", {
  version: 1,
  description: "One of many",
  config: Schema.Struct({ seed: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))) }),
  inputs: { values: Stage.many(Values) },
  outputs: { values: Values },
  fingerprint: () => Effect.sync(() => String(looks++ >= 0)),
  run: ({ outputs }) => outputs.values.writeRows("values", [{ value: 1 }]),
});
const registry = Registry.make([step]);
const folder = mkdtempSync(join(tmpdir(), "precipice-large-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = 2000;
const seeds = Array.from({ length: size }, (_, i) => i).join(", ");
const of = (nodes: string): string => `version: 1\nname: large\nnodes:\n${nodes}`;
const parsed = (text: string) => Pipeline.parse(text, join(folder, "large.yaml"), registry);
const problems = (text: string) =>
  Effect.runPromise(Effect.flip(parsed(text)) as Effect.Effect<PipelineError>).then(({ issues }) => issues);

describe("a matrix of thousands", () => {
  it("is wired value by value to another one, each node looked at once", async () => {
    const text = of(`  a: { stage: large.step, matrix: { seed: [${seeds}] }, config: { seed: "\${matrix.seed}" } }
  b:
    stage: large.step
    matrix: { seed: [${seeds}] }
    inputs: { values: "a[seed=\${matrix.seed}]" }
  c: { stage: large.step, inputs: { values: ["a[seed=7|8]", "b[seed!=0]"] } }
`);
    const told: Array<number> = [];
    const made = await Effect.runPromise(
      Effect.gen(function* () {
        return yield* plan(yield* parsed(text), yield* Store.open(folder), { onProgress: (done) => told.push(done) });
      }),
    );
    const inputs = new Map(made.nodes.map(({ node }) => [node.name, node.inputs.values ?? []]));
    for (const seed of [0, 1, 1234, size - 1]) {
      expect(inputs.get(`b[seed=${seed}]`)).toEqual([{ node: `a[seed=${seed}]`, output: "values" }]);
    }
    expect(inputs.get("c")).toHaveLength(2 + size - 1);
    expect(
      inputs
        .get("c")
        ?.slice(0, 3)
        .map(({ node }) => node),
    ).toEqual(["a[seed=7]", "a[seed=8]", "b[seed=1]"]);
    expect(new Set(made.nodes.map(({ digests }) => digests.values)).size).toBe(2 * size + 1);
    expect(looks).toBe(2 * size + 1);
    expect(told.at(-1)).toBe(2 * size + 1);
  });

  it("that refers to a value which is not there says so once per place, with examples", async () => {
    const found = await problems(
      of(`  a: { stage: large.step, matrix: { seed: [${seeds}] } }
  b: { stage: large.step, matrix: { seed: [${seeds}] }, inputs: { values: "a[seed=x\${matrix.seed}]" } }
`),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ code: "E_MATRIX_NONE", message: 'no "a" has these values' });
  });

  it("in which every node has a slip of its own lists all, advises on the first and stays short", async () => {
    const found = await problems(
      of(
        `${Array.from({ length: size }, (_, i) => `  node${i}: { stage: large.step, inputs: { values: nodf${i} } }\n`).join("")}`,
      ),
    );
    expect(found).toHaveLength(size);
    expect(found[7]).toMatchObject({ code: "E_EDGE_UNKNOWN", remedy: 'Did you mean "node7"?' });
    expect(found.at(-1)?.remedy).toBeUndefined();
    const [far] = await problems(
      of(
        `${Array.from({ length: size }, (_, i) => `  node${i}: { stage: large.step }\n`).join("")}  z: { stage: large.step, inputs: { values: something-else } }\n`,
      ),
    );
    expect(far?.remedy).toContain(`and ${size + 1 - 60} more.`);
  });
});
