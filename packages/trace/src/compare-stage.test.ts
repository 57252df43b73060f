import { Prompts } from "@precipice/artifacts";
import { Checkpoint, compareText } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import { describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint, modelArtifact, traceOf, tracesArtifact } from "../../../tests/support/small-model.ts";
import { modelCompare } from "./compare-stage.ts";

const root = temporary();
const traces = [9, 4, 6].map((thinking, i) =>
  traceOf(`t${i}`, thinking, { label: "harmless", response: `Answer ${i}` }),
);

describe("compareText", () => {
  const ids = traces.map((trace) => trace.ids);
  const from = traces.map((trace) => trace.thinking_start);

  it("finds nothing between a model and itself, however much is held at once", async () => {
    const whole = await compareText(checkpoint, checkpoint, ids, from);
    const parts = await compareText(checkpoint, checkpoint, ids, from, { logitBytes: 1 });
    for (const { kl, before, after } of [whole, parts]) {
      expect(Math.max(...kl)).toBeLessThan(1e-12);
      expect([...after]).toEqual([...before]);
    }
    // batched together or alone: f32 sums in another order
    for (const [i, value] of whole.before.entries()) expect(parts.before[i]).toBeCloseTo(value, 5);
    // random tokens of a small model cost about as much as guessing
    expect(whole.before[0]).toBeGreaterThan(0.5 * Math.log(checkpoint.config.vocab));
  });

  it("finds a distance between two models, and refuses what cannot be compared", async () => {
    const [aligned, cliff] = ["aligned", "cliff"].map((name) =>
      Checkpoint.open(organismFolder(name as "cliff") as string),
    );
    const text = [aligned?.tokenizer.encode("let me think . this is harmful and i should refuse .") as number[]];
    const { kl, before, after } = await compareText(aligned as Checkpoint, cliff as Checkpoint, text, [1]);
    expect(kl[0]).toBeGreaterThan(1e-6);
    expect(after[0]).not.toBe(before[0]);
    await expect(compareText(checkpoint, cliff as Checkpoint, text, [1])).rejects.toThrow(/vocabularies/);
    await expect(compareText(checkpoint, checkpoint, ids, [1, 1, 999])).rejects.toThrow(/nothing to predict/);
  });
});

describe("model.compare", () => {
  it("gives divergence, cross-entropy, perplexity and exact match with intervals", async () => {
    const model = await modelArtifact(root);
    const prompts = await artifact(root, Prompts, {
      prompts: ["answer  0", "Answer 9", null].map((reference, i) => ({
        ...{ id: `t${i}`, prompt: `t${i}`, label: "harmless", split: "s", family: null, reference, note: null },
      })),
    });
    const given = await tracesArtifact(root, [...traces, traceOf("harmful", 5)]);
    const inputs = { before: model, after: model, traces: given, answers: given, prompts };
    const { metrics } = await runIn(root, modelCompare, { config: { name: "same", maxTraces: 2 }, inputs });
    const found = new Map((await rows(metrics.rows("metrics"))).map((m) => [m.key, m]));
    expect(found.get("compare.same.kl")?.value).toBeLessThan(1e-12);
    expect(found.get("compare.same.cross_entropy")?.n).toBe(2);
    const entropy = found.get("compare.same.cross_entropy")?.value as number;
    expect(found.get("compare.same.perplexity")?.value).toBeCloseTo(Math.exp(entropy), 9);
    expect(found.get("compare.same.exact_match")).toMatchObject({ value: 0.5, n: 2 }); // t2 has no reference
  });

  it("says when there is nothing to read", async () => {
    const model = await modelArtifact(root);
    const open = await tracesArtifact(root, [traceOf("open", 5, { label: "harmless" }, true)]);
    const inputs = { before: model, after: model, traces: open, answers: undefined, prompts: undefined };
    await expect(runIn(root, modelCompare, { config: { from: "response" }, inputs })).rejects.toMatchObject({
      code: "E_COMPARE_EMPTY",
    });
  });
});
