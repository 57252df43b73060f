/**
 * Thinking pruning: what a model would answer had it stopped thinking earlier. A trace keeps the first part of its thinking, by
 * tokens, and its own close marker (arXiv 2510.06036, §3; METHOD: by tokens everywhere).
 */
import type { Pruning, PruningSummary, Trace } from "@precipice/artifacts";
import { bootstrapMean, bootstrapPairedDifference, type Estimate } from "@precipice/stats";
import { type PlateauOptions, plateauOf } from "./plateau.ts";

/** A trace up to its answer, with part of its thinking. */
export interface Pruned {
  /** Index of the trace. */
  readonly row: number;
  /** Per cent of the thinking tokens kept. */
  readonly keep: number;
  readonly kept: number;
  /** Prompt, kept thinking and close marker. */
  readonly ids: ReadonlyArray<number>;
}

/** Each trace at each share, in per cent. Keeps ⌈share · tokens⌉ thinking tokens from the first on. Traces need a close marker. */
export const pruneTraces = (traces: ReadonlyArray<Trace>, shares: ReadonlyArray<number>): ReadonlyArray<Pruned> =>
  shares.flatMap((keep) =>
    traces.map(({ ids, thinking_start, thinking_end, response_start }, row) => {
      const kept = Math.ceil((keep / 100) * (thinking_end - thinking_start));
      return {
        row,
        keep,
        kept,
        ids: [...ids.slice(0, thinking_start + kept), ...ids.slice(thinking_end, response_start as number)],
      };
    }),
  );

/** Plateau, final score and cliff of pruned traces from the scores of all their tokens. */
export const prunedCliffs = (
  traces: ReadonlyArray<Trace>,
  pruned: ReadonlyArray<Pruned>,
  scores: ReadonlyArray<Float64Array>,
  options: PlateauOptions,
): ReadonlyArray<Pruning> =>
  pruned.map(({ row, keep, kept }, i) => {
    const { id, prompt_id, thinking_start, thinking_end } = traces[row] as Trace;
    const own = scores[i] as Float64Array;
    const plateau = plateauOf(own.subarray(thinking_start, thinking_start + kept), options);
    const final = own.at(-1) as number;
    return {
      trace_id: id,
      prompt_id,
      keep,
      kept_tokens: kept,
      thinking_tokens: thinking_end - thinking_start,
      plateau,
      final,
      cliff: plateau === null ? null : plateau - final,
    };
  });

/** Means per share with 95 % intervals over prompts, and the paired change of the final score against the whole thinking. */
export const pruningSummary = (rows: ReadonlyArray<Pruning>, seed: number | string): ReadonlyArray<PruningSummary> => {
  const byShare = Map.groupBy(rows, (row) => row.keep);
  const whole = new Map((byShare.get(100) ?? []).map((row) => [row.trace_id, row.final]));
  return [...byShare].flatMap(([keep, own]) => {
    const row = (part: PruningSummary["part"], estimate: Estimate) => ({ keep, part, ...estimate });
    const options = (part: string, of: ReadonlyArray<Pruning>) => ({
      seed: `${seed}/${keep}/${part}`,
      groups: of.map(({ prompt_id }) => prompt_id),
    });
    const parts = (["plateau", "final", "cliff"] as const).flatMap((part) => {
      const having = own.filter((one) => one[part] !== null);
      const values = having.map((one) => one[part] as number);
      return having.length === 0 ? [] : [row(part, bootstrapMean(values, options(part, having)))];
    });
    const paired = own.filter(({ trace_id }) => whole.has(trace_id));
    if (paired.length === 0) return parts;
    const change = bootstrapPairedDifference(
      paired.map(({ trace_id }) => whole.get(trace_id) as number),
      paired.map(({ final }) => final),
      options("change", paired),
    );
    return [...parts, row("final_change", change)];
  });
};
