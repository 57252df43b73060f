/** Losses of language models, composed from ops of the table. */
import type { Tensor } from "../graph.ts";
import { add, div, exp, log, mul, neg, relu, sub } from "./elementwise.ts";
import { gatherElements } from "./indexing.ts";
import { reshape, unsqueeze } from "./layout.ts";
import { logSoftmax, reduceSum } from "./reduce.ts";

/** Negative log-likelihood of `targets [n]` (int64) under `logits [n, vocab]`: `[n]`, nats. */
export const negativeLogLikelihood = (logits: Tensor, targets: Tensor): Tensor => {
  const picked = gatherElements(logSoftmax(logits), unsqueeze(targets, 1), 1); // [n, 1]
  return neg(reshape(picked, targets.shape));
};

/** Weighted mean `Σ x w / Σ w` over all elements, a scalar; 0 when all weights are 0. */
export const weightedMean = (x: Tensor, weights: Tensor): Tensor => {
  const axes = x.shape.map((_, i) => i);
  const total = add(reduceSum(weights, axes, false), 1e-30);
  return div(reduceSum(mul(x, weights), axes, false), total);
};

/** −log of the probability that sigmoid(z) gives to the 0/1 (or soft) target y: `softplus(z) − y z`, safe for large |z|. */
export const binaryCrossEntropy = (z: Tensor, y: Tensor): Tensor => {
  const magnitude = add(relu(z), relu(neg(z))); // |z|
  const softplus = add(relu(z), log(add(exp(neg(magnitude)), 1)));
  return sub(softplus, mul(y, z));
};
