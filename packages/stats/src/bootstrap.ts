/**
 * Bootstrap intervals (Efron and Tibshirani 1993). The statistic sees resampled
 * indices, so that one function serves means, AUROC and anything else; rows that
 * belong together (variants of one prompt) are resampled together through `groups`.
 * BCa corrects bias and skew and is the default; percentile is plain order statistics.
 */
import { mean, quantileSorted } from "./describe.ts";
import { type Estimate, estimate } from "./interval.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { random } from "./random.ts";

export interface BootstrapOptions {
  readonly seed: number | string;
  /** Resamples. Default 1000. */
  readonly draws?: number;
  /** Coverage. Default 0.95. */
  readonly level?: number;
  /** Default "bca". */
  readonly method?: "bca" | "percentile";
  /** One name per row: rows of equal name are drawn together. Default: every row alone. */
  readonly groups?: ReadonlyArray<string | number>;
}

/**
 * The statistic of all rows 0..n−1 and its interval. Resamples for which the statistic
 * is not finite (AUROC when one class was not drawn) are left out. When fewer than two
 * units exist or nothing finite came back, lo and hi are null. `n` is the number of rows.
 */
export const bootstrap = (
  n: number,
  statistic: (rows: ArrayLike<number>) => number,
  options: BootstrapOptions,
): Estimate => {
  const { draws = 1000, level = 0.95, method = "bca" } = options;
  const units = unitsOf(n, options.groups);
  const value = statistic(flatten(units));
  if (units.length < 2) return { value, lo: null, hi: null, n };

  const stream = random(options.seed, "bootstrap");
  const replicates: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const replicate = statistic(flatten(units.map(() => units[stream.int(units.length)] as readonly number[])));
    if (Number.isFinite(replicate)) replicates.push(replicate);
  }
  if (replicates.length === 0) return { value, lo: null, hi: null, n };

  const sorted = Float64Array.from(replicates).sort();
  const tails = [(1 - level) / 2, (1 + level) / 2] as const;
  const jackknife = () => units.map((_, left) => statistic(flatten(units.filter((_unit, i) => i !== left))));
  const [lo, hi] = method === "bca" ? bcaTails(tails, value, sorted, jackknife) : tails;
  return estimate(value, quantileSorted(sorted, lo), quantileSorted(sorted, hi), n);
};

/** Mean of the values with its bootstrap interval. */
export const bootstrapMean = (values: ArrayLike<number>, options: BootstrapOptions): Estimate =>
  options.groups === undefined && values.length > 1
    ? plainMean(values, options)
    : bootstrap(values.length, (rows) => meanAt(values, rows), options);

/**
 * The same draws without a list of rows per resample and without a jackknife that reads every row for every row: a mean of a
 * hundred thousand values would otherwise take hours.
 */
const plainMean = (values: ArrayLike<number>, options: BootstrapOptions): Estimate => {
  const { draws = 1000, level = 0.95, method = "bca" } = options;
  const n = values.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i] as number;
  const value = total / n;
  const stream = random(options.seed, "bootstrap");
  const replicates: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[stream.int(n)] as number;
    if (Number.isFinite(sum)) replicates.push(sum / n);
  }
  if (replicates.length === 0) return { value, lo: null, hi: null, n };
  const sorted = Float64Array.from(replicates).sort();
  const tails = [(1 - level) / 2, (1 + level) / 2] as const;
  const without = () => Array.from({ length: n }, (_, i) => (total - (values[i] as number)) / (n - 1));
  const [lo, hi] = method === "bca" ? bcaTails(tails, value, sorted, without) : tails;
  return estimate(value, quantileSorted(sorted, lo), quantileSorted(sorted, hi), n);
};

/**
 * mean(after) − mean(before) for paired rows: the same resample on both sides, so that
 * what the pairs share cancels. Throws a RangeError when the lengths differ.
 */
export const bootstrapPairedDifference = (
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  options: BootstrapOptions,
): Estimate => {
  if (before.length !== after.length) {
    throw new RangeError(`paired values differ in number: ${before.length} before, ${after.length} after`);
  }
  return bootstrapMean(
    Float64Array.from(after, (value, i) => value - (before[i] as number)),
    options,
  );
};

const meanAt = (values: ArrayLike<number>, rows: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += values[rows[i] as number] as number;
  return sum / rows.length;
};

const unitsOf = (n: number, groups: BootstrapOptions["groups"]): ReadonlyArray<readonly number[]> => {
  if (groups === undefined) return Array.from({ length: n }, (_, row) => [row]);
  if (groups.length !== n) throw new RangeError(`groups names ${groups.length} rows of ${n}`);
  return [...Map.groupBy(groups.keys(), (row) => groups[row]).values()];
};

const flatten = (units: ReadonlyArray<readonly number[]>): number[] => {
  const rows: number[] = [];
  for (const unit of units) for (const row of unit) rows.push(row);
  return rows;
};

/** Efron's BCa: tails moved by the bias z0 and, through the jackknife (the statistic without each unit), the acceleration a. */
const bcaTails = (
  tails: readonly [number, number],
  value: number,
  sorted: Float64Array,
  leftOut: () => readonly number[],
): readonly [number, number] => {
  // ties count half: a discrete statistic (a rate) would otherwise look biased
  const below = sorted.reduce((sum, r) => sum + (r < value ? 1 : r === value ? 0.5 : 0), 0);
  const share = below / sorted.length;
  if (share === 0 || share === 1) return tails;
  const z0 = normalQuantile(share);

  const jackknife = leftOut();
  if (!jackknife.every(Number.isFinite)) return tails;
  const centre = mean(jackknife);
  const squares = jackknife.reduce((sum, j) => sum + (centre - j) ** 2, 0);
  const cubes = jackknife.reduce((sum, j) => sum + (centre - j) ** 3, 0);
  const a = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);

  const [lo, hi] = tails.map((tail) => {
    const z = z0 + normalQuantile(tail);
    return normalCdf(z0 + z / (1 - a * z));
  }) as [number, number];
  return [lo, hi];
};
