/** What the charts show of numbers that can be counted by hand. */
import type { Selected } from "@precipice/artifacts";
import { describe, expect, it } from "vitest";
import { armRows } from "./arms.ts";
import { budgetGroups } from "./budgets.ts";
import { budgetChart } from "./chart-budgets.ts";
import { distributionChart } from "./chart-distribution.ts";
import { fractionChart } from "./chart-fractions.ts";
import { layerOf, layersChart } from "./chart-layers.ts";
import { lineageChart } from "./chart-lineage.ts";
import { trainingChart } from "./chart-loss.ts";
import { patternCharts } from "./chart-pattern.ts";
import type { LineageTask } from "./data.ts";
import type { Picture } from "./picture.ts";
import { standalone } from "./picture.ts";
import { recoveryCharts } from "./section-recovery.ts";
import { seriesOf } from "./series.ts";
import { richRun } from "./testing/rich-run.ts";
import { metric, smallRun } from "./testing/small-run.ts";
import { xmlFault } from "./testing/well-formed.ts";

const drawn = (picture: Picture | null): string => {
  if (picture === null) throw new Error("nothing was drawn");
  const svg = standalone(picture, "test");
  expect(xmlFault(svg)).toBeNull();
  return svg;
};
const tips = (svg: string): string[] => [...svg.matchAll(/data-tip="([^"]*)"/g)].map((m) => m[1] ?? "");

describe("distribution of misalignment scores", () => {
  const row = (score: number | null, selected: boolean): Selected => ({
    trace_id: "t",
    prompt_id: "p",
    rank: 1,
    method: "misalignment",
    score,
    selected,
    reason: "",
  });

  it("counts every scored row once, and the taken ones", () => {
    const rows = [0, 0.1, 0.1, 0.5, 0.9, 1].map((s) => row(s, s >= 0.9));
    const told = tips(drawn(distributionChart([...rows, row(null, false)])));
    const counted = told.map((t) => /\| (\d+) rows, (\d+) taken/.exec(t)?.slice(1).map(Number) ?? []);
    expect(counted.reduce((sum, [n = 0]) => sum + n, 0)).toBe(6);
    expect(counted.reduce((sum, [, n = 0]) => sum + n, 0)).toBe(2);
    expect(drawn(distributionChart(rows))).toContain("2 taken, from 0.90");
  });

  it("is left out where there is nothing to distribute", () => {
    expect(distributionChart([row(0.5, true), row(0.5, false)])).toBeNull();
    expect(distributionChart([row(null, true), row(null, false)])).toBeNull();
  });
});

describe("ablation by share of heads", () => {
  it("needs two shares", () => {
    expect(fractionChart(armRows(smallRun, "asr"), "asr")).toBeNull();
    const rows = [metric("asr.base", 0.8), metric("asr.ablate_1pct", 0.5), metric("asr.ablate_10pct", 0)];
    const svg = drawn(fractionChart(armRows({ title: "t", metrics: [{ node: "n", rows }] }, "asr"), "asr"));
    expect(tips(svg).length).toBe(3);
    for (const share of ["0\u202f%", "1\u202f%", "10\u202f%"]) expect(svg).toContain(`>${share}<`);
  });

  it("draws measures that are no rates on a scale of their own", () => {
    const fractions = (richRun.metrics ?? []).filter((m) => m.node === "fractions");
    const svg = drawn(fractionChart(armRows({ title: "t", metrics: fractions }, "kl"), "kl"));
    expect(svg).toContain("kl divergence 0.010");
    expect(svg).toContain(">0.010<");
  });
});

it("budgets are labelled at every share, also on the logarithmic axis", () => {
  const [group] = budgetGroups(richRun.metrics ?? []);
  const svg = drawn(budgetChart(group?.points ?? [], "asr", "", (m) => m));
  for (const share of ["0.5\u202f%", "1.7\u202f%", "13\u202f%", "100\u202f%"]) expect(svg).toContain(`>${share}<`);
  expect(tips(svg).length).toBe(12);
});

it("recovery has a panel per target and measure, the random order in each", () => {
  const charts = recoveryCharts(richRun);
  expect(charts.map((c) => c?.label.split(";").map((part) => part.split(":")[0]))).toEqual([
    ["Recall by the probe. one pass", " one by one", " random"],
    ["Precision by the probe. one pass", " one by one", " random"],
    ["Recall by the logit difference. one pass", " random"],
    ["Precision by the logit difference. one pass", " random"],
  ]);
  expect(charts[0]?.label).toContain("one pass: 0.50 at 1, 1.00 at 2, 1.00 at 3, 1.00 at 4");
  expect(tips(drawn(charts[0] ?? null))).toContain("one by one, k 2 | recall 0.50 [0.25, 0.50] | 5 plantings");
  expect(recoveryCharts(smallRun)).toEqual([]);
  const [single] = recoveryCharts({
    title: "t",
    benchmark: { node: "b", rows: (richRun.benchmark?.rows ?? []).filter((row) => row.k === 1) },
  });
  drawn(single ?? null); // one k is no logarithmic axis
});

it("layers are read from the site's name, and three make a chart", () => {
  expect(layerOf("blocks.12.hook_resid_post")).toBe(12);
  expect(layerOf("ln_final.hook_normalized")).toBeNull();
  expect(layersChart(seriesOf(smallRun))).toBeNull();
  expect(tips(drawn(layersChart(seriesOf(richRun)))).length).toBe(12);
});

it("patterns are one chart per position and target, tokens by falling weight", () => {
  const charts = patternCharts(richRun.patterns?.rows ?? []);
  expect(charts.map((c) => c.label)).toEqual([
    "Regions looked at from final. prompt: 0.20; template: 0.70.",
    "Tokens looked at from final. </think>: 0.60; ⟨U+202E⟩: 0.10.",
  ]);
  for (const chart of charts) drawn(chart);
});

it("training curves leave out what was not measured", () => {
  const steps = [1, 2, 3].map((step) => ({
    step,
    loss: 1 / step,
    grad_norm: 1,
    learning_rate: 1e-3,
    tokens: 10,
    tokens_per_second: 5,
    eval_loss: step === 2 ? null : 0.5,
    validation_asr: null,
    validation_overrefusal: null,
    kl: null,
    preference_accuracy: null,
  }));
  expect(drawn(trainingChart([{ label: "a", steps }], "eval_loss"))).toContain("a: 0.500 after 3 steps");
  expect(trainingChart([{ label: "a", steps }], "kl")).toBeNull();
});

it("lineage puts every task to the right of what it reads", () => {
  const task = (id: string, inputs: string[]): LineageTask => ({
    id,
    nodes: [id],
    stage: "s",
    version: 1,
    config: {},
    inputs: { in: inputs },
  });
  const svg = drawn(lineageChart([task("a", []), task("b", []), task("c", ["a", "b"]), task("d", ["c", "a"])]));
  const left = (id: string) => Number(new RegExp(`translate\\(([\\d.]+) [\\d.]+\\)" data-tip="${id} `).exec(svg)?.[1]);
  expect(left("a")).toBe(left("b"));
  expect(left("c")).toBeGreaterThan(left("a"));
  expect(left("d")).toBeGreaterThan(left("c"));
  expect(svg.match(/class="edge"/g)?.length).toBe(4);
});
