/** Two rates against each other, with an interval that stays honest at 0 % and 100 %. */
import { type Interval, wilson } from "./interval.ts";

export interface Count {
  readonly successes: number;
  readonly n: number;
}

/**
 * rate(b) − rate(a) of independent samples by Newcombe's hybrid score interval (1998, method 10), built from the two
 * Wilson intervals. n is the number of rows of both.
 */
export const rateDifference = (a: Count, b: Count, level = 0.95): Interval => {
  const [from, to] = [wilson(a.successes, a.n, level), wilson(b.successes, b.n, level)];
  const value = to.value - from.value;
  return {
    value,
    lo: value - Math.hypot(to.value - to.lo, from.hi - from.value),
    hi: value + Math.hypot(to.hi - to.value, from.value - from.lo),
    n: a.n + b.n,
  };
};
