/** L2-penalised logistic regression to convergence by L-BFGS, in f64. */
import type { Examples } from "./examples.ts";
import { lbfgsMemory } from "./lbfgs.ts";
import { exactStep, gradient, margins, objective } from "./logistic-objective.ts";

export interface LogisticFit {
  readonly weight: Float64Array;
  readonly bias: number;
  /** f at the minimum; see logistic-objective.ts. */
  readonly objective: number;
  readonly iterations: number;
  /** Largest component of the gradient fell below tolerance × that at zero. */
  readonly converged: boolean;
}

const largest = (g: Float64Array): number => g.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * Minimises f from w = 0, b = 0. With l2 > 0 the minimum exists and is unique; with
 * l2 = 0 on separable data there is none and the fit ends unconverged.
 */
export const fitLogistic = (
  examples: Examples,
  options: { readonly l2: number; readonly tolerance: number; readonly maxIterations: number },
): LogisticFit => {
  const { l2, tolerance, maxIterations } = options;
  const { d } = examples;
  const parameters = new Float64Array(d + 1);
  let z = margins(examples, parameters);
  let g = gradient(examples, l2, parameters, z);
  const enough = tolerance * Math.max(largest(g), Number.MIN_VALUE);
  const memory = lbfgsMemory(10);

  let iterations = 0;
  while (largest(g) > enough && iterations < maxIterations) {
    iterations++;
    const direction = memory.direction(g);
    const step = exactStep(
      examples,
      l2,
      { parameters, z },
      { parameters: direction, dz: margins(examples, direction) },
    );
    if (step === 0) break;
    const moved = direction.map((value) => value * step);
    for (let j = 0; j <= d; j++) parameters[j] = (parameters[j] as number) + (moved[j] as number);
    z = margins(examples, parameters);
    const next = gradient(examples, l2, parameters, z);
    memory.remember(
      moved,
      next.map((value, j) => value - (g[j] as number)),
    );
    g = next;
  }
  return {
    weight: parameters.slice(0, d),
    bias: parameters[d] as number,
    objective: objective(examples, l2, parameters, z),
    iterations,
    converged: largest(g) <= enough,
  };
};
