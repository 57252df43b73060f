import { Heads, Verdicts } from "@precipice/artifacts";
import { Analyzer } from "@precipice/model";
import { float32, floats } from "@precipice/onnx";
import { describe, expect, it } from "vitest";
import { artifact, rows as rowsOf, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint, modelArtifact, traceOf, tracesArtifact } from "../../../tests/support/small-model.ts";
import { scaleOf } from "./causal-check.ts";
import { headsCurve } from "./curve-stage.ts";
import { sideEffects } from "./side-effects.ts";

const { layers, heads, vocab } = checkpoint.config;
const traces = [traceOf("a", 4), traceOf("b", 14), traceOf("c", 7)];
const rows = traces.map((t) => t.ids);
const from = traces.map((t) => t.response_start as number);
const ones = scaleOf(checkpoint.config, [], 1);
const without = scaleOf(checkpoint.config, [{ layer: 1, head: 0 }], 0);
const root = temporary();

/** Softmax of every token's logits of a row alone. */
const probabilities = async (row: ReadonlyArray<number>, scale: Float32Array) => {
  await using analyzer = await Analyzer.open(checkpoint, { logits: true, headScale: "token" });
  const feeds = {
    head_scale: float32([layers, heads], scale),
    head_gate: float32([row.length], new Float32Array(row.length).fill(1)),
  };
  const found: number[][] = [];
  for await (const { outputs } of analyzer.run({ rows: [row], captureAt: () => row.map((_, t) => t), feeds })) {
    const logits = floats(outputs["logits"]);
    for (let t = 0; t < row.length; t++) {
      const e = Array.from(logits.subarray(t * vocab, (t + 1) * vocab), (x) => Math.exp(x));
      const sum = e.reduce((a, b) => a + b, 0);
      found.push(e.map((x) => x / sum));
    }
  }
  return found;
};

describe("sideEffects", () => {
  it("is Σ p log p/q of the next token, and the mean −log q of the text's own tokens", async () => {
    const [neutral, ablated] = await sideEffects(checkpoint, rows, from, [ones, without], { renorm: "token" });
    for (const [i, row] of rows.entries()) {
      const [p, q] = [await probabilities(row, ones), await probabilities(row, without)];
      const places = row.map((_, t) => t).slice((from[i] as number) - 1, -1);
      const average = (of: (t: number) => number) => places.reduce((sum, t) => sum + of(t), 0) / places.length;
      const kl = average((t) =>
        (p[t] as number[]).reduce((sum, x, v) => sum + x * Math.log(x / (q[t]?.[v] as number)), 0),
      );
      const entropy = (of: number[][]) => average((t) => -Math.log(of[t]?.[row[t + 1] as number] as number));
      expect(kl).toBeGreaterThan(1e-3);
      expect(ablated?.kl[i]).toBeCloseTo(kl, 5); // f32 logits
      expect(ablated?.crossEntropy[i]).toBeCloseTo(entropy(q), 4);
      expect(neutral?.kl[i]).toBeCloseTo(0, 6);
      expect(neutral?.crossEntropy[i]).toBeCloseTo(entropy(p), 4);
    }
  });

  it("does not depend on how many logits are held at once", async () => {
    const [whole] = await sideEffects(checkpoint, rows, from, [without], { renorm: "token" });
    const seen: number[] = [];
    const [parts] = await sideEffects(checkpoint, rows, from, [without], {
      renorm: "token",
      logitBytes: 1,
      onRows: (done) => seen.push(done),
    });
    expect(seen).toEqual([1, 2, 3]);
    parts?.kl.forEach((value, i) => {
      expect(value).toBeCloseTo(whole?.kl[i] as number, 5); // other batches, other sums
    });
  });

  it("is none where heads are left alone, and other when they are scaled in the response only", async () => {
    const kl = async (acts?: (row: number, token: number) => boolean) => {
      const [found] = await sideEffects(checkpoint, rows, from, [without], { renorm: "token", acts });
      return Array.from(found?.kl as Float64Array);
    };
    const [all, every, none, response] = await Promise.all([
      kl(),
      kl(() => true),
      kl(() => false),
      kl((row, token) => token >= (from[row] as number)),
    ]);
    expect(every).toEqual(all);
    none.forEach((value) => {
      expect(value).toBeCloseTo(0, 6);
    });
    rows.forEach((_, i) => {
      expect(response[i]).toBeGreaterThan(1e-4);
      expect(Math.abs((response[i] as number) - (all[i] as number))).toBeGreaterThan(1e-4);
    });
  });

  it("refuses rows with nothing to predict", async () => {
    const nothing = sideEffects(checkpoint, [[5, 6]], [2], [ones], { renorm: "none" });
    await expect(nothing).rejects.toThrow(/row 0 of 2 tokens has nothing to predict from token 2 on/);
  });
});

describe("heads.curve", () => {
  it("sets side effects and rates against the share of heads, with n and intervals", async () => {
    const ranked = Array.from({ length: layers * heads }, (_, i) => ({
      layer: Math.floor(i / heads),
      head: i % heads,
      contribution: i,
      contribution_raw: i,
      lo: null,
      hi: null,
      rank: i + 1,
      causal_delta: null,
      planted: null,
      n: 1,
    }));
    const verdict = (arm: string, i: number, label: "harmful" | "harmless", bad: boolean) => ({
      trace_id: `${arm}${i}`,
      prompt_id: `p${i}`,
      arm,
      draw: 0,
      label,
      family: null,
      state: "complete",
      verdict: !bad ? "safe" : label === "harmful" ? "harmful" : "refusal",
      refused: label === "harmless" && bad,
      judge: "test",
      reason: "",
    });
    const judged = [
      ...[true, true, false, true].map((bad, i) => verdict("base", i, "harmful", bad)),
      ...[true, false].map((bad, i) => verdict("base", 4 + i, "harmless", bad)),
      ...[false, false].map((bad, i) => verdict("ablate_50pct", i, "harmful", bad)),
      verdict("repaired", 0, "harmful", true),
    ];
    const logs: string[] = [];
    const output = await runIn(root, headsCurve, {
      config: { percents: [10, 50], randomDraws: 2, label: "any" },
      inputs: {
        model: await modelArtifact(root),
        heads: await artifact(root, Heads, { heads: ranked }),
        traces: await tracesArtifact(root, [...traces, traceOf("open", 5, {}, true)]),
        verdicts: [await artifact(root, Verdicts, { verdicts: judged, judgements: [] })],
      },
      log: (line) => logs.push(line),
    });
    expect(logs).toEqual([
      "1 of 4 traces left out: they have no response",
      "verdicts of arm repaired left out: it is no share of the heads",
    ]);
    const curve = await rowsOf(output.curve.rows("curve"));
    const side = curve.filter((p) => p.measure === "kl" || p.measure === "cross_entropy");
    expect(side.map((p) => [p.measure, p.arm, p.percent, p.draws, p.n])).toEqual([
      ["cross_entropy", "base", 0, 1, 3],
      ...["ablate", "random"].flatMap((arm) =>
        [10, 50].flatMap((percent) =>
          ["kl", "cross_entropy"].map((measure) => [
            measure,
            arm,
            percent,
            arm === "random" ? 2 : 1,
            arm === "random" ? 6 : 3, // traces × draws
          ]),
        ),
      ),
    ]);
    expect(side.every((p) => (p.lo as number) <= p.value && p.value <= (p.hi as number))).toBe(true);
    const top = ranked.slice(0, Math.round(0.1 * layers * heads));
    const [alone] = await sideEffects(checkpoint, rows, from, [scaleOf(checkpoint.config, top, 0)], {
      renorm: "token",
    });
    const mean = Array.from(alone?.kl ?? []).reduce((a, b) => a + b, 0) / 3;
    expect(side.find((p) => p.measure === "kl" && p.arm === "ablate" && p.percent === 10)?.value).toBeCloseTo(mean, 6);
    const rates = curve.filter((p) => p.measure === "asr" || p.measure === "overrefusal");
    expect(rates.map((p) => [p.measure, p.arm, p.percent, p.value, p.n])).toEqual([
      ["asr", "base", 0, 0.75, 4],
      ["overrefusal", "base", 0, 0.5, 2],
      ["asr", "ablate", 50, 0, 2],
    ]);
    const metrics = await rowsOf(output.metrics.rows("metrics"));
    expect(metrics.map((m) => m.key)).toContain("heads.kl.random_50pct");
    expect(metrics).toHaveLength(side.length);

    const scoped = await runIn(root, headsCurve, {
      config: { percents: [10], randomDraws: 1, label: "any", scope: "response" },
      inputs: {
        model: await modelArtifact(root),
        heads: await artifact(root, Heads, { heads: ranked }),
        traces: await tracesArtifact(root, traces),
        verdicts: [],
      },
    });
    const [inResponse] = await sideEffects(checkpoint, rows, from, [scaleOf(checkpoint.config, top, 0)], {
      renorm: "token",
      acts: (row, token) => token >= (from[row] as number),
    });
    const own = (await rowsOf(scoped.curve.rows("curve"))).find((p) => p.measure === "kl" && p.arm === "ablate");
    expect(own?.value).toBeCloseTo(Array.from(inResponse?.kl ?? []).reduce((a, b) => a + b, 0) / 3, 6);
    expect(Math.abs((own?.value as number) - mean)).toBeGreaterThan(1e-4);
  });
});
