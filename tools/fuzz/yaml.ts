import { registry } from "@precipice/cli";
import { Pipeline } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { Family } from "./family.ts";
import { bytesOf, joinPieces, mutateBytes } from "./mutate.ts";

const seed = `version: 1
name: study
vars: { n: 3 }
defaults: { trace.generate: { maxTokens: 8 } }
nodes:
  prompts: { stage: data.prompts, config: { count: \${vars.n} } }
  model: { stage: model.open }
  traces:
    stage: trace.generate
    matrix: { seed: [1, 2] }
    when: vars.n > 2
    inputs: { prompts: prompts, model: model }
    config: { seed: \${matrix.seed} }
`;

/** Lines and parts of lines. */
const PIECES = [
  "version: 1\n", "nodes:\n", "  a:\n", "    stage: model.open\n", "    inputs: { model: a }\n", "    inputs: [a, a]\n",
  "    config: { seed: ${vars.x} }\n", "vars: { x: 1 }\n", "    matrix: { x: [1, 2, 3] }\n", "    when: ${vars.x} > 1\n",
  "&a [*a, *a]\n", "*a\n", "<<: *a\n", "!!binary x\n", "!tag y\n", "? [k]\n: v\n", "--- \n", "...\n", "\t", "{", "}", "[", "]",
  "'", '"', "imports: [x.yaml]\n", "defaults: { a: 1 }\n", "- \n", ": \n", "#\n", "|\n  x\n", "\u2028", "\0", "__proto__: 1\n",
]; // biome-ignore format: one list

export const yaml: Family = {
  name: "yaml",
  make: (draw) => (draw.int(2) === 0 ? mutateBytes(draw, bytesOf(seed)) : bytesOf(joinPieces(draw, PIECES, 20))),
  run: (input) => Effect.runPromise(Pipeline.parse(Buffer.from(input).toString("utf8"), "fuzz.yaml", registry)),
};
