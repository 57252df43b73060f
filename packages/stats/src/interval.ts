/** Closed-form intervals: Wilson's for a rate, the normal one for a mean. */
import { mean, standardDeviation } from "./describe.ts";
import { normalQuantile } from "./normal.ts";

/**
 * A value with its interval [lo, hi] and the number of observations behind it. Where there is too little to make an interval of,
 * both ends are null: never NaN, which tables, JSON and people take for a number.
 */
export interface Estimate {
  readonly value: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number;
}

/** An estimate that always has an interval. */
export interface Interval extends Estimate {
  readonly lo: number;
  readonly hi: number;
}

/** The estimate with these ends; without an interval where one of the three is not finite. */
export const estimate = (value: number, lo: number, hi: number, n: number): Estimate =>
  [value, lo, hi].every(Number.isFinite) ? { value, lo, hi, n } : { value, lo: null, hi: null, n };

/** The estimate with ends no lower than `min` and no higher than `max`: no share is below 0, though a normal interval may be. */
export const clamped = ({ value, lo, hi, n }: Estimate, min: number, max: number): Estimate => ({
  value,
  lo: lo === null ? null : Math.max(min, lo),
  hi: hi === null ? null : Math.min(max, hi),
  n,
});

/**
 * Wilson's score interval for `successes` out of `n` (Wilson 1927). Stays inside
 * [0, 1] and keeps a width at 0 % and 100 %, where the textbook interval has none.
 * n = 0 gives value NaN with the interval [0, 1].
 */
export const wilson = (successes: number, n: number, level = 0.95): Interval => {
  if (!(successes >= 0 && successes <= n))
    throw new RangeError(`wilson needs 0 <= successes <= n, got ${successes} of ${n}`);
  if (n === 0) return { value: Number.NaN, lo: 0, hi: 1, n };
  const z = normalQuantile(0.5 + level / 2);
  const p = successes / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  // at 0 and n the bound equals the rate; rounding must not move it past
  return {
    value: p,
    lo: successes === 0 ? 0 : Math.max(0, centre - half),
    hi: successes === n ? 1 : Math.min(1, centre + half),
    n,
  };
};

/** Mean ± z·sd/√n. With fewer than two values the interval is unknown: lo and hi are null. */
export const meanNormal = (values: ArrayLike<number>, level = 0.95): Estimate => {
  const value = mean(values);
  const half = (normalQuantile(0.5 + level / 2) * standardDeviation(values)) / Math.sqrt(values.length);
  return estimate(value, value - half, value + half, values.length);
};
