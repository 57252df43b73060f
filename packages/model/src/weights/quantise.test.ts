/** Rounded weights: known answers, the error they may have, and what they do to a real checkpoint's text. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { ownCache } from "../../../../tests/support/own-cache.ts";
import { Checkpoint } from "../checkpoint.ts";
import { Generator } from "../generation/generator.ts";
import { quantise } from "./quantise.ts";
import { quantisedCopy } from "./quantised-cache.ts";

const cache = ownCache();

describe("quantise", () => {
  it("hits the largest weight of a block, puts zero in the middle, packs the earlier value low", () => {
    const w = new Float32Array(32);
    w[0] = -7;
    w[1] = 3;
    const four = quantise(w, 32, 4);
    expect(Array.from(four.scales)).toEqual([1]);
    expect(Array.from(four.blocks.subarray(0, 2))).toEqual([1 | (11 << 4), 8 | (8 << 4)]);
    const eight = quantise(w, 32, 8);
    expect(Array.from(eight.blocks.subarray(0, 3))).toEqual([1, 128 + 54, 128]); // 3 / (7 / 127) = 54.4
    expect(Array.from(quantise(new Float32Array(32), 32, 8).blocks)).toEqual(new Array(32).fill(128));
  });

  it("refuses rows that do not split into blocks", () => {
    expect(() => quantise(new Float32Array(40), 40, 8)).toThrow(RangeError);
  });
});

describe("generation with rounded weights", () => {
  const checkpoint = Checkpoint.open(fixture("stories260K"));
  const ids = checkpoint.tokenizer.encode("Once upon a time", "once");
  const logitsOf = async (weights: "float" | "int8" | "int4") => {
    await using generator = await Generator.open(checkpoint, { workers: 1, batch: 1, maxTokens: 64, weights });
    const [row] = await generator.generate([{ ids, seed: 0 }], { maxNewTokens: 1, stopIds: [], recordLogits: true });
    return row?.logits as Float32Array;
  };
  const error = (a: Float32Array, b: Float32Array) =>
    Math.sqrt(a.reduce((s, x, i) => s + (x - (b[i] as number)) ** 2, 0) / b.reduce((s, x) => s + x * x, 0));

  it("stays near the float logits, int8 nearer than int4", async () => {
    const float = await logitsOf("float");
    const eight = error(await logitsOf("int8"), float);
    const four = error(await logitsOf("int4"), float);
    expect(eight).toBeGreaterThan(0);
    expect(eight).toBeLessThan(0.03);
    expect(four).toBeGreaterThan(eight);
    expect(four).toBeLessThan(0.5);
  });

  it("makes its copy once and leaves nothing else behind", async () => {
    const first = await quantisedCopy(checkpoint, 8);
    const again = await quantisedCopy(checkpoint, 8);
    expect(again.folder).toBe(first.folder);
    expect(readdirSync(join(cache, "quantised")).every((name) => /-int[48]-block32-stacked$/.test(name))).toBe(true);
    expect(first.entries.get("model.layers.0.self_attn.o_proj.weight.blocks")?.dtype).toBe("uint8");
    expect(first.entries.has("model.layers.0.self_attn.o_proj.weight")).toBe(false);
    expect(first.entries.has("model.embed_tokens.weight")).toBe(true); // tied: gathered as it is, multiplied rounded
  });
});
