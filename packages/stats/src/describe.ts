/** What a sample looks like in one number. Empty samples give NaN: the caller decides what none means. */

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
};

/** Sample standard deviation, divisor n − 1. */
export const standardDeviation = (values: ArrayLike<number>): number => {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
};

/**
 * The p-quantile by linear interpolation between order statistics (Hyndman and Fan
 * type 7, the default of numpy and R). p in [0, 1]; the input need not be sorted.
 */
export const quantile = (values: ArrayLike<number>, p: number): number =>
  quantileSorted(Float64Array.from(values).sort(), p);

/** As `quantile`, for values already in ascending order. */
export const quantileSorted = (sorted: ArrayLike<number>, p: number): number => {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a quantile needs p in [0, 1], got ${p}`);
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const a = sorted[low] ?? Number.NaN;
  const b = sorted[Math.ceil(at)] ?? Number.NaN;
  return a + (b - a) * (at - low);
};

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);
