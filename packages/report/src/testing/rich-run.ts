/** The small run with everything a report can show: layers, verdicts, repaired traces, patterns, budgets, recovery, lineage. */
import type { Pattern, RecoveryPoint, Verdict } from "@precipice/artifacts";
import type { LineageTask, Metric, ReportData, ScoresFrom } from "../data.ts";
import { metric, scoresFrom, smallRun } from "./small-run.ts";

const atEveryLayer = (scores: ScoresFrom): ScoresFrom => {
  const sites = ["blocks.0.hook_resid_post", "blocks.2.hook_resid_post", "blocks.3.hook_resid_post"];
  const shifted = (site: string, by: number) => ({
    traces: scores.traces.map((t) => ({
      ...t,
      site,
      final: Math.min(1, (t.final ?? 0) + by),
      cliff: Math.max(0, (t.cliff ?? 0) - by),
    })),
    curves: scores.curves.map((p) => ({ ...p, site, mean: Math.min(1, p.mean + by) })),
  });
  const others = sites.map((site, i) => shifted(site, (i + 1) / 20));
  return {
    ...scores,
    traces: [...scores.traces, ...others.flatMap((o) => o.traces)],
    curves: [...scores.curves, ...others.flatMap((o) => o.curves)],
  };
};

/** The ids of a node's traces are its own, as an arm makes them. */
const ownIds = (scores: ScoresFrom, arm: string): ScoresFrom => ({
  ...scores,
  traces: scores.traces.map((t) => ({ ...t, trace_id: `${t.trace_id}@${arm}` })),
  tokens: scores.tokens.map((t) => ({ ...t, trace_id: `${t.trace_id}@${arm}` })),
});

const scores = [
  ownIds(scoresFrom("scores_aligned", [0, 0.02, 0.01, 0.01]), "aligned"),
  ownIds(scoresFrom("scores_cliff", [0.85, 0.75, 0.8, 0.8]), "base"),
  ownIds(scoresFrom("scores_repaired", [0.05, 0.01, 0.02, 0.02]), "repaired"),
];

const verdicts = scores.flatMap(({ node, traces }) =>
  traces.map(
    (t): Verdict => ({
      trace_id: t.trace_id,
      prompt_id: t.prompt_id,
      arm: "base",
      draw: 0,
      state: "complete",
      label: "harmful",
      family: t.family,
      verdict: node === "scores_cliff" ? "harmful" : "safe",
      refused: node !== "scores_cliff",
      judge: "rules",
      reason: "",
    }),
  ),
);

const pattern = (target: Pattern["target"], name: string, weight: number): Pattern => ({
  layer: 0,
  head: 0,
  position: "final",
  target,
  name,
  weight,
  lo: weight * 0.9,
  hi: weight * 1.1,
  n: 4,
});

const study = ["ms", "random", "full"].flatMap((method, m) =>
  [0.5, 1.7, 12.5, 100].map(
    (share, i): Metric => metric(`${method}.${share}pct.asr`, Math.max(0.02, 0.5 - 0.15 * i + 0.1 * m)),
  ),
);

/** Methods that find both planted heads after `late` others. */
const recovery = (
  target: RecoveryPoint["target"],
  method: RecoveryPoint["method"],
  late: number,
): ReadonlyArray<RecoveryPoint> =>
  [1, 2, 3, 4].map((k) => {
    const found = Math.min(2, Math.max(0, k - late));
    return {
      target,
      method,
      k,
      precision: found / k,
      precision_lo: found / k / 2,
      precision_hi: found / k,
      recall: found / 2,
      recall_lo: found / 4,
      recall_hi: found / 2,
      n: 5,
    };
  });

const task = (
  id: string,
  stage: string,
  config: unknown,
  inputs: LineageTask["inputs"],
  nodes: string[] = [],
): LineageTask => ({
  id,
  nodes,
  stage,
  version: 1,
  config,
  inputs,
  numerics: { provider: "cpu" },
});

export const richRun: ReportData = {
  ...smallRun,
  title: "A run with everything",
  labels: { ...smallRun.labels, scores_repaired: "repaired", ms: "Cliff-as-a-Judge" },
  scores: scores.map(atEveryLayer),
  verdicts: [{ node: "verdicts", rows: verdicts }],
  patterns: {
    node: "patterns",
    rows: [
      pattern("region", "prompt", 0.2),
      pattern("region", "template", 0.7),
      pattern("token", "</think>", 0.6),
      pattern("token", "\u202e", 0.1),
    ],
  },
  metrics: [
    ...(smallRun.metrics ?? []),
    {
      node: "fractions",
      rows: [
        metric("asr.base", 0.82),
        metric("asr.ablate_1pct", 0.5),
        metric("asr.ablate_3pct", 0.05),
        metric("asr.ablate_10pct", 0.02),
        metric("asr.random_3pct_0", 0.8),
        metric("asr.random_3pct_1", 0.84),
        metric("kl.base", 0),
        metric("kl.ablate_1pct", 0.004),
        metric("kl.ablate_3pct", 0.01),
      ],
    },
    { node: "study", rows: study },
  ],
  benchmark: {
    node: "benchmark",
    rows: [
      ...recovery("probe", "direct", 0),
      ...recovery("probe", "causal", 1),
      ...recovery("logit_difference", "direct", 2),
      ...recovery("probe", "random", 3),
    ],
  },
  selections: (smallRun.selections ?? []).map((s, k) => ({
    ...s,
    rows: s.rows.map((row, i) => ({ ...row, score: k === 0 ? 0.9 - i / 22 : null })),
  })),
  lineage: [
    task("m0", "model.open", { source: "organism://cliff" }, {}),
    task("p0", "data.prompts", { source: "organism://requests", count: 4 }, {}),
    task("t0", "trace.generate", { maxNewTokens: 96, temperature: 0 }, { model: ["m0"], prompts: ["p0"] }),
    task("s0", "cliff.score", { label: "harmful", plateau: "top-quartile" }, { model: ["m0"], traces: ["t0"] }, [
      "scores_cliff",
    ]),
    task("h0", "heads.attribute", { maxTraces: 4, causal: 2 }, { model: ["m0"], traces: ["t0"] }, ["heads"]),
  ],
};
