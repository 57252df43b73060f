/** A rate before and after on the same rows: what changed, with an interval that stays honest when nothing or everything did. */
import { type Interval, wilson } from "./interval.ts";

/** Rows by their two outcomes. */
export interface PairedCounts {
  /** Yes before and after. */
  readonly both: number;
  /** No before, yes after. */
  readonly gained: number;
  /** Yes before, no after. */
  readonly lost: number;
  readonly neither: number;
}

/**
 * rate(after) − rate(before) by Newcombe's square-and-add interval for paired data (1998, Statistics in Medicine 17:2635,
 * method 10): the two Wilson intervals, joined with regard to the correlation of the pairs. n is the number of rows; without any,
 * value is NaN and the interval [−1, 1]. Throws a RangeError for counts that are no whole numbers from 0 on.
 */
export const pairedRateDifference = ({ both, gained, lost, neither }: PairedCounts, level = 0.95): Interval => {
  for (const count of [both, gained, lost, neither])
    if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(`paired rates count rows, got ${count}`);
  const n = both + gained + lost + neither;
  if (n === 0) return { value: Number.NaN, lo: -1, hi: 1, n };
  const [before, after] = [wilson(both + lost, n, level), wilson(both + gained, n, level)];
  const phi = correlation(both, gained, lost, neither);
  const join = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
  const value = (gained - lost) / n;
  return {
    value,
    lo: Math.max(-1, value - join(after.value - after.lo, before.hi - before.value)),
    hi: Math.min(1, value + join(after.hi - after.value, before.value - before.lo)),
    n,
  };
};

/** Phi of the pairs, a positive one brought towards 0 by half a row on each side; 0 where an outcome is the same in all rows. */
const correlation = (both: number, gained: number, lost: number, neither: number): number => {
  const margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither);
  if (margins === 0) return 0;
  const product = both * neither - gained * lost;
  const half = (both + gained + lost + neither) / 2;
  return (product > 0 ? Math.max(0, product - half) : product) / Math.sqrt(margins);
};
