/**
 * AdamW (Loshchilov & Hutter, 2019) as graph operations, so that the optimizer is part of the training program:
 * decoupled weight decay, bias correction, eps outside the root, as torch.optim.AdamW computes it.
 */
import type { Graph, Tensor } from "../graph.ts";
import { add, div, mul, scalarLike, sqrt, sub } from "../ops/elementwise.ts";
import { reduceSum } from "../ops/reduce.ts";

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Global L2 norm the gradient is clipped to; no clipping when absent. */
  readonly clipNorm?: number | undefined;
}

export const ADAMW_DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/** Scalars that change every step. */
export interface StepScalars {
  readonly learningRate: Tensor;
  /** 1 − β1ᵗ, t from 1. */
  readonly correction1: Tensor;
  /** sqrt(1 − β2ᵗ). */
  readonly correction2: Tensor;
}

/** L2 norm over all gradients together, a scalar. */
export const globalNorm = (gradients: ReadonlyArray<Tensor>): Tensor =>
  sqrt(
    gradients
      .map((g) =>
        reduceSum(
          mul(g, g),
          g.shape.map((_, i) => i),
          false,
        ),
      )
      .reduce((a, b) => add(a, b)),
  );

/** min(1, limit / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. */
export const clipFactor = (graph: Graph, norm: Tensor, limit: number): Tensor => {
  const one = graph.constant(norm.dtype, 1);
  const ratio = div(graph.constant(norm.dtype, limit), add(norm, 1e-6));
  return graph.node("Min", [one, ratio])[0] as Tensor;
};

export interface AdamWState {
  readonly parameter: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

/** One update of one parameter. `mask` (0/1, broadcastable) freezes the elements where it is 0, decay included. */
export const adamwUpdate = (
  { parameter, m, v }: AdamWState,
  gradient: Tensor,
  scalars: StepScalars,
  options: AdamWOptions,
  mask?: Tensor,
): AdamWState => {
  const { beta1, beta2, epsilon, weightDecay } = { ...ADAMW_DEFAULTS, ...options };
  const g = mask === undefined ? gradient : mul(gradient, mask);
  const m1 = add(mul(m, beta1), mul(g, 1 - beta1));
  const v1 = add(mul(v, beta2), mul(mul(g, g), 1 - beta2));
  const rate = div(scalars.learningRate, scalars.correction1);
  const delta = div(mul(m1, rate), add(div(sqrt(v1), scalars.correction2), epsilon));
  const decay = mul(scalars.learningRate, weightDecay);
  const kept =
    weightDecay === 0
      ? parameter
      : mul(parameter, sub(scalarLike(decay, 1), mask === undefined ? decay : mul(mask, decay)));
  return { parameter: sub(kept, delta), m: m1, v: v1 };
};
