import { existsSync } from "node:fs";
import { join } from "node:path";
import { Analyzer, Checkpoint, FINAL_NORMALIZED, forwardBytes, residPost } from "@precipice/model";
import { float32, floats } from "@precipice/onnx";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { fixture } from "../../../tests/support/fixtures.ts";
import { checkpoint, randomProbe, traceOf } from "../../../tests/support/small-model.ts";
import { additivityError, attributeAlong, attributeHeads, type ProbeDirection } from "./attribute-heads.ts";
import { scaleOf } from "./causal-check.ts";
import { patchHeads } from "./patch-heads.ts";

const SETS = [
  "reference/llama-gqa",
  "reference/qwen2",
  "reference/qwen3",
  "reference/phi3",
  "reference-more/llama-yarn",
  "reference-more/mistral-sliding",
  "reference-more/phi3-longrope",
  "reference-more/qwen3_moe",
].filter((name) => existsSync(join(fixture(name), "model.safetensors")));

const rowsFor = ({ config }: Checkpoint, lengths: ReadonlyArray<number>) =>
  lengths.map((length, i) => {
    const draw = random(3, "row", i);
    return Array.from({ length }, () => 3 + draw.int(config.vocab - 3));
  });
const directionFor = ({ config }: Checkpoint, site: string): ProbeDirection => {
  const draw = random(4, site);
  return { site, weights: Float32Array.from({ length: config.hidden }, () => draw.normal()) };
};

/** w · x at one token with one head scaled by gamma. */
const readScaled = async (
  model: Checkpoint,
  row: ReadonlyArray<number>,
  token: number,
  { site, weights }: ProbeDirection,
  renorm: "none" | "token",
  cases: ReadonlyArray<{ readonly layer: number; readonly head: number; readonly gamma: number }>,
) => {
  const { layers, heads } = model.config;
  await using analyzer = await Analyzer.open(model, { capture: [site], headScale: renorm });
  const readings: number[] = [];
  for (const { layer, head, gamma } of cases) {
    const feeds = {
      head_scale: float32([layers, heads], scaleOf(model.config, [{ layer, head }], gamma)),
      head_gate: float32([row.length], new Float32Array(row.length).fill(1)),
    };
    for await (const { outputs } of analyzer.run({ rows: [row], captureAt: () => [token], feeds }))
      readings.push(floats(outputs[site]).reduce((sum, x, i) => sum + x * (weights[i] as number), 0));
  }
  return readings;
};

describe.each(SETS)("%s", (name) => {
  const model = Checkpoint.open(fixture(name));
  const { layers, heads } = model.config;

  it("heads, embedding, MLPs and biases add up to what is read, within 1e-4 of the largest reading", async () => {
    const rows = rowsFor(model, [5, 17, 9]);
    const sites = [FINAL_NORMALIZED, residPost(layers - 1), `blocks.${layers - 1}.hook_resid_mid`, residPost(0)];
    const at = [[0, 4], [16], [3, 8]];
    const found = await attributeAlong(
      model,
      rows,
      at,
      sites.map((site) => directionFor(model, site)),
    );
    for (const attribution of found) {
      expect(attribution.reading).toHaveLength(5);
      expect(additivityError(attribution, layers)).toBeLessThan(1e-4); // f32 sums of some thousand products
      // the check can fail: a head that is missing shows
      const without = attribution.contributions.map((values, cell) => (cell === 0 ? values.map(() => 0) : values));
      expect(additivityError({ ...attribution, contributions: without }, layers)).toBeGreaterThan(1e-3);
    }
  });

  it("patching is the derivative by a head's scale, through all later blocks", async () => {
    const [row] = rowsFor(model, [11]) as [number[]];
    const token = 9;
    const step = 0.005; // small: a larger one sends tokens to other experts
    const probe = directionFor(model, FINAL_NORMALIZED);
    const chosen = [
      { layer: 0, head: heads - 1 },
      { layer: layers - 1, head: 0 },
    ];
    for (const renorm of ["none", "token"] as const) {
      const effects = await patchHeads(model, [row], [token], probe, { renorm });
      const largest = effects.reduce((most, [effect]) => Math.max(most, Math.abs(effect as number)), 0);
      const cases = chosen.flatMap((head) => [
        { ...head, gamma: 1 - step },
        { ...head, gamma: 1 + step },
      ]);
      const read = await readScaled(model, row, token, probe, renorm, cases);
      chosen.forEach(({ layer, head }, i) => {
        const slope = ((read[2 * i] as number) - (read[2 * i + 1] as number)) / (2 * step); // of taking away
        const error = Math.abs((effects[layer * heads + head]?.[0] as number) - slope);
        // a central difference errs by step² f‴ / 6 and by f32 rounding of the readings over the step
        expect(error / largest).toBeLessThan(5e-3);
      });
    }
  });
});

describe("patchHeads", () => {
  const { layers, heads } = checkpoint.config;
  const rows = [traceOf("a", 4), traceOf("b", 30), traceOf("c", 9)].map((t) => t.ids);
  const at = [6, 20, 13];

  it("is minus the contribution where nothing comes between, and zero for heads that cannot be read", async () => {
    const probe = randomProbe("blocks.1.hook_resid_mid");
    const effects = await patchHeads(checkpoint, rows, at, probe, { renorm: "none" });
    const { contributions } = await attributeHeads(checkpoint, rows, at, probe);
    const length = Math.sqrt(probe.weights.reduce((s, x) => s + x * x, 0));
    for (let h = 0; h < heads; h++)
      rows.forEach((_, row) => {
        const cell = heads + h; // layer 1
        expect(effects[cell]?.[row]).toBeCloseTo(-(contributions[cell]?.[row] as number) * length, 4);
      });
    expect(effects.slice(2 * heads).every((values) => values.every((x) => x === 0))).toBe(true);
    expect(effects.slice(0, heads).every((values) => values.some((x) => x !== 0))).toBe(true); // through layer 1's attention
  });

  it("estimates the ablation where it acts: its parts add up to that of all tokens, and nowhere is nothing", async () => {
    const probe = randomProbe(residPost(layers - 1));
    const effects = (acts?: (row: number, token: number) => boolean) =>
      patchHeads(checkpoint, rows, at, probe, { renorm: "token", acts });
    const early = (row: number, token: number) => token < (row === 1 ? 12 : 5);
    const [all, before, after, nowhere] = await Promise.all([
      effects(),
      effects(early),
      effects((row, token) => !early(row, token)),
      effects(() => false),
    ]);
    all.forEach((values, cell) => {
      values.forEach((value, row) => {
        // first order: linear in what is taken away
        expect((before[cell]?.[row] as number) + (after[cell]?.[row] as number)).toBeCloseTo(value, 4);
        expect(nowhere[cell]?.[row]).toBeCloseTo(0, 12);
      });
    });
    expect(
      before.some((values, cell) => values.some((x, row) => Math.abs(x - (all[cell]?.[row] as number)) > 1e-3)),
    ).toBe(true);
  });

  it("tells the rows of a batch apart", async () => {
    const probe = randomProbe(residPost(layers - 1));
    const together = await patchHeads(checkpoint, rows, at, probe, { renorm: "token" });
    for (const [row, ids] of rows.entries()) {
      const alone = await patchHeads(checkpoint, [ids], [at[row] as number], probe, { renorm: "token" });
      together.forEach((values, cell) => {
        expect(values[row]).toBeCloseTo(alone[cell]?.[0] as number, 4);
      });
    }
  });

  it("runs as many rows together as its memory allows, and says so where not one fits", async () => {
    const probe = randomProbe(FINAL_NORMALIZED);
    const patch = (memoryBudget?: number) => patchHeads(checkpoint, rows, at, probe, { renorm: "none", memoryBudget });
    const longest = Math.max(...rows.map((row) => row.length));
    const bytes = forwardBytes(checkpoint, { headEffects: { site: FINAL_NORMALIZED, renorm: "none" } }, 1, longest);
    expect(bytes).toBeGreaterThan(2 * forwardBytes(checkpoint, { finalScale: true }, 1, longest)); // it keeps every layer
    const [free, tight] = [await patch(), await patch(1.5 * bytes)];
    free.forEach((values, cell) => {
      for (const [row, value] of values.entries()) expect(tight[cell]?.[row]).toBeCloseTo(value, 4);
    });
    await expect(patch(0.9 * bytes)).rejects.toThrow(/row of 39 tokens: its backward pass needs about .* allowed are/);
  });

  it("refuses sites off the stream, and chunks", async () => {
    const off = randomProbe("blocks.1.attn.hook_z");
    await expect(patchHeads(checkpoint, rows, at, off, { renorm: "none" })).rejects.toThrow(/cannot be attributed/);
    const probe = randomProbe(FINAL_NORMALIZED);
    await expect(patchHeads(checkpoint, rows, at, probe, { renorm: "none", chunk: 4 })).rejects.toThrow(/whole rows/);
  });
});
