/**
 * The probe as the reference code of arXiv 2510.06036 trains it, for comparison: raw
 * features, one linear unit, binary cross-entropy, Adam at 1e-3, batches of 64, five
 * epochs, 20 % of the rows held back, the epoch with the lowest loss on those kept.
 * It stops far from convergence; `logistic` is what to use.
 */
import { random } from "@precipice/stats";
import { type Examples, takeRows } from "./examples.ts";
import { gradient, margins, objective, type Parameters } from "./logistic-objective.ts";
import type { LinearProbe } from "./probe.ts";

const [learningRate, beta1, beta2, epsilon] = [1e-3, 0.9, 0.999, 1e-8];
const [epochs, batchSize, validationShare] = [5, 64, 0.2];

/** Deterministic in the seed; random numbers are ours, so single weights differ from the reference's. */
export const fitLikePaperCode = (examples: Examples, seed: number | string): LinearProbe => {
  const { n, d } = examples;
  const stream = random(seed, "paper-code");
  const order = stream.shuffle(Array.from({ length: n }, (_, i) => i));
  const held = Math.max(1, Math.floor(n * validationShare));
  const validation = takeRows(examples, order.slice(0, held));
  const training = order.slice(held);

  // PyTorch's initial linear layer: uniform in ±1/√d, bias included
  const parameters: Parameters = new Float64Array(d + 1).map(() => (2 * stream.next() - 1) / Math.sqrt(d));
  const first = new Float64Array(d + 1);
  const second = new Float64Array(d + 1);
  let step = 0;
  let best = { loss: Number.POSITIVE_INFINITY, parameters: parameters.slice() };

  for (let epoch = 0; epoch < epochs; epoch++) {
    stream.shuffle(training);
    for (let start = 0; start < training.length; start += batchSize) {
      const batch = takeRows(examples, training.slice(start, start + batchSize));
      const g = gradient(batch, 0, parameters, margins(batch, parameters)); // a sum over the batch
      step++;
      for (let j = 0; j <= d; j++) {
        const value = (g[j] as number) / batch.n;
        first[j] = beta1 * (first[j] as number) + (1 - beta1) * value;
        second[j] = beta2 * (second[j] as number) + (1 - beta2) * value * value;
        const root = Math.sqrt((second[j] as number) / (1 - beta2 ** step)) + epsilon;
        parameters[j] = (parameters[j] as number) - (learningRate * (first[j] as number)) / (1 - beta1 ** step) / root;
      }
    }
    const loss = objective(validation, 0, parameters, margins(validation, parameters));
    if (loss < best.loss) best = { loss, parameters: parameters.slice() };
  }
  return { weight: best.parameters.slice(0, d), bias: best.parameters[d] as number };
};
