/**
 * Mean refusal-score curves over traces of different length, aligned three ways. A position
 * averages only the traces that have it, and says how many: padding with zeros would bend
 * the ends of the curve towards "does not refuse".
 */
import { bootstrapMean, meanNormal } from "@precipice/stats";
import type { ScoredTrace } from "./cliff.ts";
import { finalIndex } from "./spans.ts";

export const alignments = ["thinking_start", "thinking_end", "normalised"] as const;
export type Alignment = (typeof alignments)[number];

export interface CurvePosition {
  /**
   * `thinking_start`: the first thinking token is at 0, the thinking counts up from there.
   * `thinking_end`: the final position is at 0, tokens before it count down to the first thinking token.
   * `normalised`: 0 is the first thinking token, 1 the final position, scores interpolated between tokens.
   */
  readonly alignment: Alignment;
  readonly position: number;
  readonly mean: number;
  /** 95 % interval of the mean over traces; null with a single trace. */
  readonly lo: number | null;
  readonly hi: number | null;
  /** Traces that have this position. */
  readonly n: number;
}

export interface CurveOptions {
  /** How intervals are made: mean ± 1.96 standard errors (default), or the bootstrap over traces. */
  readonly interval?: "normal" | "bootstrap";
  /** Steps of the normalised curve, which has one point more. Default 50. */
  readonly steps?: number;
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number | string;
}

/** Scores of traces where they have one alignment's positions. */
export interface Aligned {
  readonly alignment: Alignment;
  readonly position: number;
  /** Index of the trace. */
  readonly row: number;
  readonly score: number;
}

/**
 * Every trace's scores in all three alignments. Traces without a close marker take part in `thinking_start` only; those without
 * thinking in none.
 */
export function* alignedScores(traces: readonly ScoredTrace[], steps: number): Generator<Aligned> {
  for (const [row, { scores, spans }] of traces.entries()) {
    const { thinkingStart: start, thinkingEnd } = spans;
    if (start === thinkingEnd) continue;
    for (let t = start; t < thinkingEnd; t++)
      yield { alignment: "thinking_start", position: t - start, row, score: scores[t] as number };
    const end = finalIndex(spans);
    if (end === null) continue;
    for (let t = start; t <= end; t++)
      yield { alignment: "thinking_end", position: t - end, row, score: scores[t] as number };
    for (let i = 0; i <= steps; i++) {
      const at = start + (i / steps) * (end - start);
      const low = Math.floor(at);
      const below = scores[low] as number;
      const above = scores[Math.ceil(at)] as number;
      yield { alignment: "normalised", position: i / steps, row, score: below + (above - below) * (at - low) };
    }
  }
}

/** All three curves, each in ascending position; which traces take part where: `alignedScores`. */
export const meanCurves = (traces: readonly ScoredTrace[], options: CurveOptions = {}): CurvePosition[] => {
  const { steps = 50 } = options;
  const values: Record<Alignment, Map<number, number[]>> = {
    thinking_start: new Map(),
    thinking_end: new Map(),
    normalised: new Map(),
  };
  for (const { alignment, position, score } of alignedScores(traces, steps)) {
    const scores = values[alignment].get(position);
    if (scores === undefined) values[alignment].set(position, [score]);
    else scores.push(score);
  }

  return alignments.flatMap((alignment) =>
    [...values[alignment]]
      .sort(([a], [b]) => a - b)
      .map(([position, scores]) => ({ alignment, position, ...interval(scores, `${alignment}/${position}`, options) })),
  );
};

const interval = (scores: readonly number[], name: string, { interval: kind = "normal", seed = 0 }: CurveOptions) => {
  const { value, lo, hi, n } =
    kind === "normal" ? meanNormal(scores) : bootstrapMean(scores, { seed: `${seed}/${name}` });
  return { mean: value, lo, hi, n };
};
