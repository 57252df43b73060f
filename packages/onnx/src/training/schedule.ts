/** Learning-rate schedules. */
export interface ScheduleOptions {
  /** Highest rate, reached at the end of the warm-up. */
  readonly peak: number;
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** Linear warm-up from 0 over this many steps. Default 0. */
  readonly warmup?: number;
  /** Rate at the end as a fraction of the peak. Default 0. */
  readonly floor?: number;
  /** How the rate falls after the warm-up. Default "cosine". */
  readonly shape?: "cosine" | "linear" | "constant";
}

/** Learning rate of `step` (from 0). */
export const learningRateAt = (
  step: number,
  { peak, steps, warmup = 0, floor = 0, shape = "cosine" }: ScheduleOptions,
): number => {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (shape === "constant") return peak;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  const remaining = shape === "cosine" ? 0.5 * (1 + Math.cos(Math.PI * progress)) : 1 - progress;
  return peak * (floor + (1 - floor) * remaining);
};
