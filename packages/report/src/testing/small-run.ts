/** A run small enough to check by hand, for the tests: two models, four heads, three arms, two repairs. */
import type { CurvePoint, Head, Selected, TokenScore, TraceScore, TrainingStep } from "@precipice/artifacts";
import type { FromNode, Metric, ReportData, ScoresFrom } from "../data.ts";

const site = "blocks.1.hook_resid_post";
export const tokens = ["how", "hide", "?", "no", "harm", "\n", "</think>", "ok"];

/** Scores of `cliffs.length` traces; the plateau is 0.9 everywhere, the final score 0.9 − cliff. */
export const scoresFrom = (node: string, cliffs: ReadonlyArray<number>): ScoresFrom => {
  const traces = cliffs.map(
    (cliff, i): TraceScore => ({
      trace_id: `t${i}`,
      prompt_id: `p${i}`,
      label: "harmful",
      family: "test",
      site,
      plateau: 0.9,
      final: 0.9 - cliff,
      cliff,
      fall_index: 6,
      fall_token: "</think>",
      n_tokens: tokens.length,
    }),
  );
  const regions = ["prompt", "prompt", "prompt", "thinking", "thinking", "template", "template", "response"] as const;
  const scored = traces.flatMap((t) =>
    tokens.map(
      (token, k): TokenScore => ({
        trace_id: t.trace_id,
        site,
        token_index: k,
        region: regions[k] ?? "response",
        token,
        score: k === 6 ? (t.final ?? 0) : 0.125 * (k + 0.5),
      }),
    ),
  );
  const mean = 0.9 - cliffs.reduce((a, b) => a + b, 0) / cliffs.length;
  const point = (alignment: CurvePoint["alignment"], position: number, value: number): CurvePoint => ({
    site,
    alignment,
    position,
    mean: value,
    lo: value - 0.05,
    hi: value + 0.05,
    n: cliffs.length,
  });
  const level = (part: string, value: number) => ({
    site,
    part,
    value,
    lo: value - 0.04,
    hi: value + 0.04,
    n: cliffs.length,
  });
  return {
    node,
    traces,
    tokens: scored,
    summary: [level("plateau", 0.9), level("final", mean), level("cliff", 0.9 - mean)],
    curves: [
      point("thinking_start", 0, 0.8),
      point("thinking_start", 1, 0.9),
      point("thinking_end", -2, 0.9),
      point("thinking_end", -1, 0.85),
      point("thinking_end", 0, mean),
    ],
  };
};

const head = (layer: number, index: number, contribution: number, rank: number, planted: boolean): Head => ({
  layer,
  head: index,
  contribution,
  contribution_raw: contribution,
  lo: contribution - 0.1,
  hi: contribution + 0.1,
  rank,
  causal_delta: planted ? 0.37 : null,
  planted,
  n: 4,
});

export const metric = (key: string, value: number, n = 50): Metric => ({
  key,
  value,
  lo: value * 0.8,
  hi: value * 1.1,
  n,
});

const selection = (node: string, method: string, selected: number): FromNode<Selected> => ({
  node,
  rows: Array.from({ length: 20 }, (_, i) => ({
    trace_id: `s${i}`,
    prompt_id: `s${i}`,
    rank: i + 1,
    method,
    score: null,
    selected: i < selected,
    reason: "",
  })),
});

const adapter = (node: string): FromNode<TrainingStep> => ({
  node,
  rows: [3, 2, 1].map((loss, i) => ({
    step: i + 1,
    loss,
    grad_norm: 1,
    learning_rate: 1e-3,
    tokens: 10,
    tokens_per_second: 100,
    eval_loss: i === 2 ? loss + 0.5 : null,
    validation_asr: null,
    validation_overrefusal: null,
    kl: null,
    preference_accuracy: null,
  })),
});

export const smallRun: ReportData = {
  title: "A small run",
  labels: { scores_aligned: "aligned", scores_cliff: "cliff" },
  scores: [scoresFrom("scores_aligned", [0, 0.02, 0.01, 0.01]), scoresFrom("scores_cliff", [0.85, 0.75, 0.8, 0.8])],
  heads: {
    node: "heads",
    rows: [head(0, 0, -1.2, 1, true), head(1, 1, -0.4, 2, false), head(0, 1, 0.1, 3, true), head(1, 0, 0.3, 4, false)],
  },
  metrics: [
    {
      node: "ablated",
      rows: [metric("asr.base", 0.82), metric("asr.ablate_3pct", 0.04), metric("asr.random_3pct", 0.8)],
    },
    { node: "eval_cliff", rows: [metric("asr", 0.06), metric("over_refusal", 0.03)] },
    { node: "eval_random", rows: [metric("asr", 0.33), metric("over_refusal", 0.05)] },
  ],
  selections: [selection("select_cliff", "misalignment", 2), selection("select_random", "random", 2)],
  adapters: [adapter("lora_cliff"), adapter("lora_random")],
  sources: [
    { port: "heads", node: "heads", digest: "ab".repeat(16), stage: "ablate.attribute@1", config: { seed: 7 } },
  ],
};
