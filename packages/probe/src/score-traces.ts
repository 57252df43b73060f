/** Refusal scores of traces by probes, read inside the model's graph: what every stage that scores starts from. */
import type { SelectedProbe, Trace } from "@precipice/artifacts";
import { type Checkpoint, type TokenScoreOptions, tokenScores } from "@precipice/model";
import type { ScoredTrace } from "./cliff.ts";
import { probabilityOf } from "./probability.ts";
import type { Spans } from "./spans.ts";

export const spansOf = (trace: Pick<Trace, "thinking_start" | "thinking_end" | "response_start">): Spans => ({
  thinkingStart: trace.thinking_start,
  thinkingEnd: trace.thinking_end,
  responseStart: trace.response_start,
});

/** p(refuse) at every token: per probe, per row of token ids. All probes share one pass. Rejects with `DecoderError`. */
export const scoreTokens = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ReadonlyArray<number>>,
  probes: ReadonlyArray<SelectedProbe>,
  options: TokenScoreOptions,
): Promise<ReadonlyArray<ReadonlyArray<Float64Array>>> => {
  const logits = await tokenScores(checkpoint, rows, probes, options);
  return probes.map((probe, p) => {
    const probability = probabilityOf(probe);
    return (logits[p] as ReadonlyArray<Float32Array>).map((row) => Float64Array.from(row, probability));
  });
};

/** The same for traces, with the spans that cliffs and curves need. */
export const scoreTraces = async (
  checkpoint: Checkpoint,
  traces: ReadonlyArray<Trace>,
  probes: ReadonlyArray<SelectedProbe>,
  options: TokenScoreOptions,
): Promise<ReadonlyArray<ReadonlyArray<ScoredTrace>>> => {
  const scores = await scoreTokens(
    checkpoint,
    traces.map((trace) => trace.ids),
    probes,
    options,
  );
  return scores.map((rows) =>
    traces.map((trace, i) => ({ id: trace.id, scores: rows[i] as Float64Array, spans: spansOf(trace) })),
  );
};
