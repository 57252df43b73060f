/** The normal distribution, which intervals and the bias correction of the bootstrap need. */

/**
 * P(Z ≤ x). Series of Marsaglia (2004, Journal of Statistical Software 11:4):
 * exact to about 1e-15 absolute; beyond ±8 the answer is 0 or 1 at that precision.
 */
export const normalCdf = (x: number): number => {
  if (x <= -8) return 0;
  if (x >= 8) return 1;
  let term = x;
  let sum = x;
  let previous = 0;
  for (let i = 3; sum !== previous; i += 2) {
    previous = sum;
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - 0.9189385332046727);
};

/**
 * The z with P(Z ≤ z) = p: a rational start (Acklam, relative error 1e-9) and one
 * step of Halley's method on `normalCdf`. p = 0 and 1 give ∓Infinity.
 */
export const normalQuantile = (p: number): number => {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`normalQuantile needs p in [0, 1], got ${p}`);
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  const start = acklam(p);
  const density = Math.exp(-0.5 * start * start) / Math.sqrt(2 * Math.PI);
  if (Math.abs(start) > 4) return start; // further out the absolute error of the cdf would undo the relative one of the start
  const u = (normalCdf(start) - p) / density;
  return start - u / (1 + (start * u) / 2);
};

const acklam = (p: number): number => {
  const low = 0.02425;
  if (p < low || p > 1 - low) {
    const q = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
    const z =
      horner(
        [
          -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
          2.938163982698783,
        ],
        q,
      ) / horner([7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1], q);
    return p < low ? z : -z;
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    (horner(
      [
        -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
        2.506628277459239,
      ],
      r,
    ) *
      q) /
    horner([-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1], r)
  );
};

const horner = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);
