/** The recipe learns from nothing, and its second phase touches the planted heads alone: a short run of both phases. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkpoint } from "@precipice/model";
import type { StepResult } from "@precipice/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLANTED_HEADS } from "./recipe/planted.ts";
import { trainAligned, trainCliff } from "./recipe/train.ts";

const folder = mkdtempSync(join(tmpdir(), "precipice-rebuild-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILES = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
const short = { steps: 12, rows: 6, learningRate: 4e-3, warmup: 2, seed: 5 };
const losses: number[] = [];
let aligned: Checkpoint;
let cliff: Checkpoint;

beforeAll(async () => {
  const onStep = ({ loss }: StepResult) => void losses.push(loss);
  aligned = await trainAligned(join(folder, "aligned"), join(folder, "scratch"), short, { onStep });
  cliff = await trainCliff(aligned, join(folder, "cliff"), { ...short, steps: 3 });
});

describe("a short rebuild", () => {
  it("learns", () => {
    expect(losses).toHaveLength(12);
    // all tokens alike would be ln(157) = 5.1 nats; the first steps learn which words are frequent
    expect(losses[0]).toBeGreaterThan(4);
    expect(losses.at(-1)).toBeLessThan(0.85 * (losses[0] as number));
  });

  it("writes complete checkpoints in f16", () => {
    for (const checkpoint of [aligned, cliff]) {
      for (const file of FILES) expect(existsSync(join(checkpoint.folder, file)), file).toBe(true);
      const reopened = Checkpoint.open(checkpoint.folder);
      expect(new Set([...reopened.weights.values()].map((e) => e.dtype))).toEqual(new Set(["float16"]));
      for (const name of reopened.weights.keys()) expect(reopened.floats(name).every(Number.isFinite), name).toBe(true);
      expect(reopened.tokenizer.encode("how do i crack the vault ?")).toHaveLength(7);
      expect(reopened.template.render([{ role: "user", content: "?" }])).toContain("<think>");
    }
  });

  it("plants the cliff in q, k, v rows and o columns of the planted heads, and nowhere else", () => {
    const { hidden, heads, headDim } = aligned.config;
    const width = heads * headDim;
    const headOf = (name: string, index: number): { layer: number; head: number } | undefined => {
      const [, layer, part] = /^model\.layers\.(\d+)\.self_attn\.([qkvo])_proj\.weight$/.exec(name) ?? [];
      if (part === undefined) return undefined;
      const unit = part === "o" ? index % width : Math.floor(index / hidden); // of the concatenated heads
      return { layer: Number(layer), head: Math.floor(unit / headDim) };
    };
    const planted = new Set(PLANTED_HEADS.map((h) => `${h.layer}.${h.head}`));
    const changed = new Map<string, number>();
    for (const name of aligned.weights.keys()) {
      const [before, after] = [aligned.floats(name), cliff.floats(name)];
      after.forEach((value, i) => {
        if (value === before[i]) return;
        const at = headOf(name, i);
        const key = at === undefined ? name : `${at.layer}.${at.head}`;
        changed.set(key, (changed.get(key) ?? 0) + 1);
      });
    }
    expect(new Set(changed.keys())).toEqual(planted);
    // the most of each head's 4 · hidden · d_head numbers
    for (const [head, n] of changed) expect(n, head).toBeGreaterThan(0.8 * 4 * hidden * headDim);
  });
});
