/**
 * The plateau: the high stable level of the refusal score while thinking. The score is low
 * until the model has understood the request, so the default looks at the upper quarter only.
 */
import { mean, median, quantile } from "@precipice/stats";

export const plateauEstimators = ["top-quartile", "max", "mean", "median", "last-k"] as const;
export type PlateauEstimator = (typeof plateauEstimators)[number];

export interface PlateauOptions {
  /**
   * Default "top-quartile": mean of the scores at or above their 75th percentile. "max", "mean" and
   * "median" are over all thinking tokens; "last-k" is the mean of the last `lastK` of them.
   */
  readonly plateau?: PlateauEstimator;
  /** Default 8. Fewer thinking tokens than this: all of them. */
  readonly lastK?: number;
}

/** Plateau of the scores of the thinking tokens; null when there are none. */
export const plateauOf = (thinking: ArrayLike<number>, options: PlateauOptions = {}): number | null => {
  if (thinking.length === 0) return null;
  const scores = Array.from(thinking);
  switch (options.plateau ?? "top-quartile") {
    case "top-quartile": {
      const bound = quantile(scores, 0.75);
      return mean(scores.filter((score) => score >= bound));
    }
    case "max":
      return scores.reduce((most, score) => Math.max(most, score));
    case "mean":
      return mean(scores);
    case "median":
      return median(scores);
    case "last-k":
      return mean(scores.slice(-Math.max(1, options.lastK ?? 8)));
  }
};
