/** How good scores are against labels, each number with an interval over the groups that were sampled. */
import type { ProbeQuality } from "@precipice/artifacts";
import { accuracy, auroc, bootstrap, type Estimate, expectedCalibrationError, wilson } from "@precipice/stats";

export interface Quality {
  /** At p = 0.5. */
  readonly accuracy: Estimate;
  readonly auroc: Estimate;
  /** Expected calibration error, ten bins. */
  readonly ece: Estimate;
}

export const qualityMetrics = ["accuracy", "auroc", "ece"] as const satisfies ReadonlyArray<keyof Quality>;

const metrics = { accuracy, auroc, ece: expectedCalibrationError };

/**
 * 95 % intervals, bootstrapped over groups (percentile), and by Wilson's formula where everything is right or nothing is. AUROC
 * is NaN when a class is missing, all are without rows.
 */
export const qualityOf = (
  scores: Float64Array,
  y: Uint8Array,
  groups: ReadonlyArray<string>,
  { seed, draws = 1000 }: { readonly seed: number | string; readonly draws?: number | undefined },
): Quality => {
  const estimate = (name: keyof typeof metrics): Estimate =>
    bootstrap(
      y.length,
      (rows) => {
        const [taken, labels] = [new Float64Array(rows.length), new Uint8Array(rows.length)];
        for (let i = 0; i < rows.length; i++) {
          taken[i] = scores[rows[i] as number] as number;
          labels[i] = y[rows[i] as number] as number;
        }
        return metrics[name](taken, labels);
      },
      { seed: `${seed}/${name}`, draws, method: "percentile", groups },
    );
  const groupsOfClass = (label: number) => new Set(groups.filter((_, row) => y[row] === label)).size;
  return {
    accuracy: widenedAtBounds(estimate("accuracy"), new Set(groups).size),
    auroc: widenedAtBounds(estimate("auroc"), Math.min(groupsOfClass(0), groupsOfClass(1))),
    ece: estimate("ece"),
  };
};

/**
 * Resampling what is all right gives all right: at 0 and 1 the bootstrap has no width. There the interval is Wilson's for `units`
 * independent observations: the groups for a rate; for AUROC those of the rarer class, since its variance is at most
 * AUROC (1 − AUROC) / min(n₁, n₀) (Birnbaum and Klose 1957).
 */
export const widenedAtBounds = (estimate: Estimate, units: number): Estimate => {
  const { value, n } = estimate;
  if (units === 0 || (value !== 0 && value !== 1)) return estimate;
  const { lo, hi } = wilson(value * units, units);
  return { value, lo, hi, n };
};

/** A value with its interval as a row. */
export const qualityRow = (
  { site, position }: { readonly site: string; readonly position: string },
  on: ProbeQuality["on"],
  metric: ProbeQuality["metric"],
  estimate: Estimate,
): ProbeQuality => ({ site, position, on, metric, ...estimate });
