/**
 * Features at mean 0 and standard deviation 1, so that one L2 strength suits a residual
 * stream whose coordinates differ in size by orders of magnitude, and the way back.
 */
import type { Examples } from "./examples.ts";
import type { LinearProbe } from "./probe.ts";

export interface Standardised {
  readonly examples: Examples;
  /** A probe on standardised features as the equal probe on raw ones. */
  readonly foldBack: (probe: LinearProbe) => LinearProbe;
}

/** Population standard deviation per feature; a constant feature is only centred. */
export const standardise = ({ X, y, n, d }: Examples): Standardised => {
  const means = new Float64Array(d);
  const scales = new Float64Array(d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) means[j] = (means[j] as number) + (X[i * d + j] as number) / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++)
      scales[j] = (scales[j] as number) + ((X[i * d + j] as number) - (means[j] as number)) ** 2 / n;
  }
  for (let j = 0; j < d; j++) {
    const deviation = Math.sqrt(scales[j] as number);
    // a constant feature shows a deviation of rounding size, which must not be blown up to 1
    scales[j] = deviation > 1e-12 * Math.abs(means[j] as number) ? deviation : 1;
  }
  const scaled = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++)
      scaled[i * d + j] = ((X[i * d + j] as number) - (means[j] as number)) / (scales[j] as number);
  }
  return {
    examples: { X: scaled, y, n, d },
    foldBack: ({ weight, bias }) => {
      const raw = weight.map((w, j) => w / (scales[j] as number));
      return { weight: raw, bias: bias - raw.reduce((sum, w, j) => sum + w * (means[j] as number), 0) };
    },
  };
};
