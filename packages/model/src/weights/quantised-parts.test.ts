/** Stacked maps of a quantised copy: the parts' own blocks below each other, and the same model with biases, normed heads, adapters. */
import { join } from "node:path";
import { Session } from "@precipice/onnx";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { tempFolder, writeFiles } from "../../../../tests/support/checkpoint-folder.ts";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { ownCache } from "../../../../tests/support/own-cache.ts";
import { readConfig } from "../architecture/index.ts";
import { tensorShapes } from "../architecture/tensor-names.ts";
import { padRows } from "../batch.ts";
import { Checkpoint } from "../checkpoint.ts";
import { type LoraShape, loraShapes } from "../decoder/lora.ts";
import { decodeProgram } from "../programs/decode.ts";
import { quantise } from "./quantise.ts";
import { type QuantisedCopy, quantisedCopy } from "./quantised-cache.ts";
import { readBytes, readFloats, type TensorEntry, writeSafetensors } from "./safetensors.ts";

ownCache();

const checkpoint = Checkpoint.open(fixture("stories260K"));

/** A random Llama with biases on every map. */
const biased = (): Checkpoint => {
  const folder = tempFolder();
  writeFiles(folder, {
    "config.json": {
      model_type: "llama",
      hidden_size: 64,
      intermediate_size: 96,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 160,
      rms_norm_eps: 1e-5,
      attention_bias: true,
      mlp_bias: true,
    },
  });
  const draws = random(5, "weights");
  const tensors = [...tensorShapes(readConfig(folder))].map(([name, shape]) => {
    const scale = name.endsWith("bias") ? 1 : 0.15;
    const data = Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => scale * draws.normal());
    return [name, { shape, data }] as const;
  });
  writeSafetensors(join(folder, "model.safetensors"), Object.fromEntries(tensors));
  return Checkpoint.open(folder);
};

/** Logits of the last of a few tokens, without a past. */
const logitsOf = async (
  of: Checkpoint,
  copy: QuantisedCopy | undefined,
  lora?: LoraShape,
  factor = 0,
): Promise<Float32Array> => {
  const { config } = of;
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
  await using session = await Session.open(decodeProgram(of, 64, undefined, copy, false, lora));
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
    const { hidden } = checkpoint.config;
    for (const [stack, maps] of [
      ["self_attn.qkv_proj", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]],
      ["mlp.gate_up_proj", ["mlp.gate_proj", "mlp.up_proj"]],
    ] as const) {
      const parts = maps.map((map) =>
        quantise(readFloats(checkpoint.weights.get(`model.layers.1.${map}.weight`) as TensorEntry), hidden, 8),
      );
      const stored = (part: string) => readBytes(entries.get(`model.layers.1.${stack}.weight.${part}`) as TensorEntry);
      expect(Buffer.from(stored("blocks"))).toEqual(Buffer.concat(parts.map((p) => p.blocks)));
      expect(Buffer.from(stored("scales"))).toEqual(Buffer.concat(parts.map((p) => Buffer.from(p.scales.buffer))));
      for (const map of maps) expect(entries.has(`model.layers.1.${map}.weight.blocks`)).toBe(false);
    }
  });

  it("stacks biases with their maps", async () => {
    const model = biased();
    const copy = await quantisedCopy(model, 8);
    const stacked = (name: string) => copy.entries.get(`model.layers.0.${name}.bias`)?.shape;
    expect([stacked("self_attn.qkv_proj"), stacked("mlp.gate_up_proj"), stacked("self_attn.q_proj")]).toEqual([
      [128],
      [192],
      undefined,
    ]);
    expect(distance(await logitsOf(model, copy), await logitsOf(model, undefined))).toBeLessThan(0.03);
  });

  it("adds an adapter of some of the stacked maps to their rows alone", async () => {
    const copy = await quantisedCopy(checkpoint, 8);
    const targets = ["self_attn.k_proj", "mlp.up_proj"];
    const plain = await logitsOf(checkpoint, copy);
    const lora = { rank: 2, alpha: 4, targets };
    expect(await logitsOf(checkpoint, copy, lora, 0)).toEqual(plain);
    const changed = await logitsOf(checkpoint, copy, lora, 1);
    const float = await logitsOf(checkpoint, undefined, lora, 1);
    expect(distance(changed, plain)).toBeGreaterThan(0.1); // the adapter acts …
    expect(distance(changed, float)).toBeLessThan(0.03); // … as it does on the float weights
  });
});
