/** Stacked maps of a quantised copy: the parts' own blocks below each other, and the same model with biases, normed heads, adapters. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "@precipice/onnx";
import { random } from "@precipice/stats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { padRows } from "../batch.ts";
import { Checkpoint } from "../checkpoint.ts";
import { type LoraShape, loraShapes } from "../decoder/lora.ts";
import { decodeProgram } from "../programs/decode.ts";
import { quantise } from "./quantise.ts";
import { type QuantisedCopy, quantisedCopy } from "./quantised-cache.ts";
import { readBytes, readFloats, type TensorEntry } from "./safetensors.ts";

const cache = mkdtempSync(join(tmpdir(), "precipice-cache-"));
const before = process.env["PRECIPICE_CACHE"];
beforeAll(() => {
  process.env["PRECIPICE_CACHE"] = cache;
});
afterAll(() => {
  if (before === undefined) delete process.env["PRECIPICE_CACHE"];
  else process.env["PRECIPICE_CACHE"] = before;
  rmSync(cache, { recursive: true, force: true });
});

const checkpoint = Checkpoint.open(fixture("stories260K"));
const { config } = checkpoint;

/** Logits of the last of a few tokens, without a past. */
const logitsOf = async (copy: QuantisedCopy | undefined, lora?: LoraShape, factor = 0): Promise<Float32Array> => {
  const ids = [1, 30, 77, 5, 123];
  const row = (count: number) => ({
    dtype: "float32" as const,
    dims: [1, config.kvHeads, 1, config.headDim],
    data: new Float32Array(count),
  });
  const draws = random(3, "adapter");
  const adapter = [...(lora === undefined ? [] : loraShapes(config, lora))].map(([name, dims]) => [
    name,
    {
      dtype: "float32" as const,
      dims,
      data: Float32Array.from({ length: dims[0] * dims[1] }, () => factor * (draws.next() - 0.5)),
    },
  ]);
  await using session = await Session.open(decodeProgram(checkpoint, 64, undefined, copy, false, lora));
  const out = await session.run({
    input_ids: padRows([ids], config.vocab).ids,
    past_length: { dtype: "int64", dims: [1], data: BigInt64Array.of(0n) },
    capture_index: { dtype: "int64", dims: [1], data: BigInt64Array.of(BigInt(ids.length - 1)) },
    ...Object.fromEntries(adapter),
    ...Object.fromEntries(
      Array.from({ length: config.layers }, (_, l) =>
        ["key", "value"].map((kind) => [`${kind}.${l}`, row(config.kvHeads * config.headDim)]),
      ).flat(),
    ),
  });
  return out["logits"]?.data as Float32Array;
};
const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0) / b.reduce((sum, x) => sum + x * x, 0));

describe("a quantised copy", () => {
  it("holds the rows of q, k and v below each other, and those of gate and up", async () => {
    const { entries } = await quantisedCopy(checkpoint, 8);
    for (const [stack, maps] of [
      ["self_attn.qkv_proj", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]],
      ["mlp.gate_up_proj", ["mlp.gate_proj", "mlp.up_proj"]],
    ] as const) {
      const parts = maps.map((map) =>
        quantise(readFloats(checkpoint.weights.get(`model.layers.1.${map}.weight`) as TensorEntry), config.hidden, 8),
      );
      const stored = (part: string) => readBytes(entries.get(`model.layers.1.${stack}.weight.${part}`) as TensorEntry);
      expect(Buffer.from(stored("blocks"))).toEqual(Buffer.concat(parts.map((p) => p.blocks)));
      expect(Buffer.from(stored("scales"))).toEqual(Buffer.concat(parts.map((p) => Buffer.from(p.scales.buffer))));
      for (const map of maps) expect(entries.has(`model.layers.1.${map}.weight.blocks`)).toBe(false);
    }
  });

  it("adds an adapter of some of the stacked maps to their rows alone", async () => {
    const copy = await quantisedCopy(checkpoint, 8);
    const targets = ["self_attn.k_proj", "mlp.up_proj"];
    const plain = await logitsOf(copy);
    const lora = { rank: 2, alpha: 4, targets };
    expect(await logitsOf(copy, lora, 0)).toEqual(plain);
    const changed = await logitsOf(copy, lora, 1);
    const float = await logitsOf(undefined, lora, 1);
    expect(distance(changed, plain)).toBeGreaterThan(0.1); // the adapter acts …
    expect(distance(changed, float)).toBeLessThan(0.03); // … as it does on the float weights
  });
});
