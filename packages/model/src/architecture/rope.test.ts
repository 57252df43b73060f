/** Rotary tables against those of Hugging Face's `LlamaRotaryEmbedding`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../../tests/support/compare.ts";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { ConfigReader } from "./config-reader.ts";
import { decodeLlama } from "./llama.ts";
import { inverseFrequencies, ropeTables } from "./rope.ts";

interface Case {
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rope_parameters: { readonly rope_type: string; readonly rope_theta: number; readonly factor?: number };
  readonly inv_freq: ReadonlyArray<number>;
  readonly positions: ReadonlyArray<number>;
  readonly cos: ReadonlyArray<ReadonlyArray<number>>;
  readonly sin: ReadonlyArray<ReadonlyArray<number>>;
}
const SUPPORTED = ["default", "linear", "llama3"];
const { cases } = JSON.parse(readFileSync(join(fixture("reference/rope"), "rope.json"), "utf8")) as {
  readonly cases: ReadonlyArray<Case>;
};
const covered = cases.filter((c) => SUPPORTED.includes(c.rope_parameters.rope_type));

const configOf = ({ head_dim, max_position_embeddings, rope_parameters }: Case) =>
  decodeLlama(
    new ConfigReader("config.json", {
      ...{ hidden_size: head_dim, num_attention_heads: 1, num_hidden_layers: 1, intermediate_size: 1, vocab_size: 1 },
      ...{ head_dim, max_position_embeddings, rope_parameters },
    }),
  );

describe("rotary tables", () => {
  it("have a reference for every scaling rule", () => {
    expect([...new Set(covered.map((c) => c.rope_parameters.rope_type))].sort()).toEqual(SUPPORTED);
  });

  it.each(
    covered.map(
      (c, i) =>
        [`${c.rope_parameters.rope_type} #${i}, theta ${c.rope_parameters.rope_theta}, d ${c.head_dim}`, c] as const,
    ),
  )("%s", (_, test) => {
    const { rope, headDim } = configOf(test);
    expect(Array.from(inverseFrequencies(rope, headDim))).toEqual(test.inv_freq);
    const tables = ropeTables(rope, headDim, Math.max(...test.positions) + 1);
    const rows = (table: Float32Array) =>
      test.positions.map((p) => table.subarray((p * headDim) / 2, ((p + 1) * headDim) / 2));
    // Frequencies and angles are equal to the bit; cos and sin may differ in their last place.
    const close = { maxAbs: 6e-8, rms: 6e-8 };
    rows(tables.cos).forEach((row, i) => {
      expectClose(`cos at ${test.positions[i]}`, row, test.cos[i] ?? [], close);
    });
    rows(tables.sin).forEach((row, i) => {
      expectClose(`sin at ${test.positions[i]}`, row, test.sin[i] ?? [], close);
    });
  });
});
