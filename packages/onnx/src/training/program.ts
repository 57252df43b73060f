/**
 * A training step as one program: forward pass, gradients, clipping and AdamW. Parameters and optimizer state go in and
 * come out; everything else (frozen weights) stays inside as initializers.
 */
import { differentiate } from "../differentiate.ts";
import type { Graph, Tensor } from "../graph.ts";
import { mul } from "../ops/elementwise.ts";
import { type Program, programOf } from "../program.ts";
import { type AdamWOptions, adamwUpdate, clipFactor, globalNorm } from "./adamw.ts";

export interface TrainingOptions {
  /** Scalar to minimise. */
  readonly loss: Tensor;
  /** Graph inputs that are trained. */
  readonly parameters: ReadonlyArray<Tensor>;
  /** Per parameter name: 0/1 mask of its trainable elements (same shape or broadcastable). */
  readonly masks?: ReadonlyMap<string, Tensor>;
  readonly optimizer?: AdamWOptions;
  /** Further scalars to report with each step. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  readonly dataFolder?: string;
}

export interface TrainingProgram {
  readonly program: Program;
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly dims: ReadonlyArray<number> }>;
  readonly metrics: ReadonlyArray<string>;
  readonly beta1: number;
  readonly beta2: number;
}

/** Extend `graph` by the backward pass and the optimizer. Throws `GradientError` if the loss is not differentiable. */
export const trainingProgram = (graph: Graph, options: TrainingOptions): TrainingProgram => {
  const { loss, parameters, masks = new Map(), optimizer = {}, metrics = {}, dataFolder } = options;
  const raw = differentiate(graph, loss, parameters);
  const gradients = raw.map((g, i) => {
    const mask = masks.get((parameters[i] as Tensor).name);
    return mask === undefined ? g : mul(g, mask);
  });
  graph.scope("adamw", () => {
    const norm = globalNorm(gradients);
    const clipped =
      optimizer.clipNorm === undefined
        ? gradients
        : gradients.map((g) => mul(g, clipFactor(graph, norm, optimizer.clipNorm as number)));
    const scalars = {
      learningRate: graph.input("learning_rate", "float32", []),
      correction1: graph.input("correction1", "float32", []),
      correction2: graph.input("correction2", "float32", []),
    };
    parameters.forEach((parameter, i) => {
      const state = {
        parameter,
        m: graph.input(`m/${parameter.name}`, parameter.dtype, parameter.shape),
        v: graph.input(`v/${parameter.name}`, parameter.dtype, parameter.shape),
      };
      const next = adamwUpdate(state, clipped[i] as Tensor, scalars, optimizer, masks.get(parameter.name));
      graph.output(`next/${parameter.name}`, next.parameter);
      graph.output(`next/m/${parameter.name}`, next.m);
      graph.output(`next/v/${parameter.name}`, next.v);
    });
    graph.output("loss", loss);
    graph.output("grad_norm", norm);
    for (const [name, tensor] of Object.entries(metrics)) graph.output(name, tensor);
  });
  return {
    program: programOf(graph, dataFolder),
    parameters: parameters.map((p) => ({ name: p.name, dims: p.shape as ReadonlyArray<number> })),
    metrics: Object.keys(metrics),
    beta1: optimizer.beta1 ?? 0.9,
    beta2: optimizer.beta2 ?? 0.999,
  };
};
