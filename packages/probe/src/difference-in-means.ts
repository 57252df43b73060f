/**
 * The difference of the class means as a probe: no fitting, hard to overfit, and the usual
 * choice for refusal directions (Arditi et al. 2024). To give a probability the projection
 * is scaled as in one-dimensional linear discriminant analysis with equal priors:
 * logit = (δ / σ²)(u·h − midpoint), u the unit difference, δ its length, σ² the pooled variance of u·h.
 */
import type { Examples } from "./examples.ts";
import type { LinearProbe } from "./probe.ts";
import { ProbeInputError } from "./probe-error.ts";

/** Throws a ProbeInputError `no-direction` when the class means are equal. */
export const differenceInMeans = ({ X, y, n, d }: Examples): LinearProbe => {
  const means = [new Float64Array(d), new Float64Array(d)] as const;
  const counts = [0, 0];
  for (let i = 0; i < n; i++) {
    const label = y[i] as 0 | 1;
    counts[label] = (counts[label] as number) + 1;
    for (let j = 0; j < d; j++) means[label][j] = (means[label][j] as number) + (X[i * d + j] as number);
  }
  means.forEach((sum, label) => {
    for (let j = 0; j < d; j++) sum[j] = (sum[j] as number) / (counts[label] as number);
  });
  const [answers, refuses] = means;
  const difference = refuses.map((value, j) => value - (answers[j] as number));
  const distance = Math.hypot(...difference);
  if (distance === 0) throw new ProbeInputError("no-direction", "both classes have the same mean activation");

  const along = (h: ArrayLike<number>, offset: number): number => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += (h[offset + j] as number) * (difference[j] as number);
    return sum / distance;
  };
  const centres = [along(answers, 0), along(refuses, 0)] as const;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (along(X, i * d) - centres[y[i] as 0 | 1]) ** 2 / Math.max(1, n - 2);
  // classes without spread would ask for an infinite slope: this floor puts the means at sigmoid(±50)
  const slope = distance / Math.max(variance, distance ** 2 / 100);
  const midpoint = (centres[0] + centres[1]) / 2;
  return { weight: difference.map((value) => (value / distance) * slope), bias: -slope * midpoint };
};
