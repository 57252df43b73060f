/**
 * The objective of an L2-penalised logistic probe, in f64:
 *
 *   f(w, b) = Σᵢ [softplus(zᵢ) − yᵢ zᵢ] + ½ λ ‖w‖²,   z = X w + b,   b unpenalised
 *
 * The margins z are linear in the parameters, so they are kept along and a line search
 * moves them by a multiple of one matrix–vector product instead of computing them anew.
 */
import type { Examples } from "./examples.ts";
import { sigmoid } from "./probe.ts";

/** Parameters are one array [d + 1]: the weights, then the bias. */
export type Parameters = Float64Array;

/** log(1 + eᶻ) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** z = X w + b, [n]. Also gives the change of z along a direction in parameter space. */
export const margins = ({ X, n, d }: Examples, parameters: Parameters): Float64Array => {
  const z = new Float64Array(n).fill(parameters[d] as number);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, at = i * d; j < d; j++, at++) sum += (X[at] as number) * (parameters[j] as number);
    z[i] = (z[i] as number) + sum;
  }
  return z;
};

/** f at parameters whose margins are z. */
export const objective = ({ y, n, d }: Examples, l2: number, parameters: Parameters, z: Float64Array): number => {
  let loss = 0;
  for (let i = 0; i < n; i++) loss += softplus(z[i] as number) - (y[i] as number) * (z[i] as number);
  let squares = 0;
  for (let j = 0; j < d; j++) squares += (parameters[j] as number) ** 2;
  return loss + 0.5 * l2 * squares;
};

/** ∇f, [d + 1]: Xᵀ(sigmoid(z) − y) + λ w, and Σ (sigmoid(z) − y) for the bias. */
export const gradient = (
  { X, y, n, d }: Examples,
  l2: number,
  parameters: Parameters,
  z: Float64Array,
): Float64Array => {
  const g = new Float64Array(d + 1);
  for (let i = 0; i < n; i++) {
    const residual = sigmoid(z[i] as number) - (y[i] as number);
    for (let j = 0, at = i * d; j < d; j++, at++) g[j] = (g[j] as number) + residual * (X[at] as number);
    g[d] = (g[d] as number) + residual;
  }
  for (let j = 0; j < d; j++) g[j] = (g[j] as number) + l2 * (parameters[j] as number);
  return g;
};

/**
 * The step length that minimises f along `direction`, a descent direction whose margins
 * change by `dz` per unit. f is convex along the line, so this is the root of its slope:
 * Newton's method kept inside a bracket, n operations a try. Ends where the slope is a
 * thousandth of the initial one, which satisfies the strong Wolfe conditions L-BFGS needs.
 */
export const exactStep = (
  { y, n, d }: Examples,
  l2: number,
  at: { readonly parameters: Parameters; readonly z: Float64Array },
  direction: { readonly parameters: Parameters; readonly dz: Float64Array },
): number => {
  let cross = 0;
  let square = 0;
  for (let j = 0; j < d; j++) {
    const p = direction.parameters[j] as number;
    cross += (at.parameters[j] as number) * p;
    square += p * p;
  }
  const slope = (step: number): { first: number; second: number } => {
    let first = l2 * (cross + step * square);
    let second = l2 * square;
    for (let i = 0; i < n; i++) {
      const change = direction.dz[i] as number;
      const p = sigmoid((at.z[i] as number) + step * change);
      first += change * (p - (y[i] as number));
      second += change * change * p * (1 - p);
    }
    return { first, second };
  };

  const wanted = 1e-3 * Math.abs(slope(0).first);
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let step = 1;
  for (let i = 0; i < 60; i++) {
    const { first, second } = slope(step);
    if (Math.abs(first) <= wanted) return step;
    if (first < 0) low = step;
    else high = step;
    const newton = step - first / second;
    if (newton > low && newton < high && newton <= 8 * step) step = newton;
    else step = high === Number.POSITIVE_INFINITY ? 4 * step : (low + high) / 2;
  }
  return low; // flat to rounding: the last step known to go down
};
