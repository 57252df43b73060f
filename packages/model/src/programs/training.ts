/** Training programs of a decoder: masked next-token loss over LoRA parameters, or over chosen tensors of the model itself. */
import {
  type AdamWOptions,
  differentiate,
  ops,
  type Program,
  programOf,
  type Tensor,
  type TrainingProgram,
  trainingProgram,
} from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { finalNorm, unembed } from "../decoder/block.ts";
import type { LoraShape } from "../decoder/lora.ts";
import { type Site, siteWidth } from "../decoder/sites.ts";
import { DecoderError } from "../errors.ts";
import { forwardGraph } from "./forward.ts";

export interface TrainingRequest {
  readonly maxTokens: number;
  /** Adapter to train, the model frozen; or the names of the model's own tensors to train. */
  readonly train: { readonly lora: LoraShape } | { readonly tensors: ReadonlyArray<string> };
  /** 0/1 masks (flat, of the tensor's size) of the trainable elements, by tensor name. */
  readonly masks?: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly optimizer?: AdamWOptions;
  /** Also ask a fixed linear read-out of a site for given targets. */
  readonly readOut?: ReadOutLoss;
}

/**
 * Binary cross-entropy of sigmoid(direction · x + bias) at a site against per-token targets, added with `weight` to the loss.
 * Brings inputs `readout_target`, `readout_weight` `[batch, token]` f32.
 */
export interface ReadOutLoss {
  readonly site: Site;
  /** `[d_model]`, not trained. */
  readonly direction: Float32Array<ArrayBuffer>;
  readonly bias: number;
  readonly weight: number;
}

/**
 * Graph inputs beside the parameters: `input_ids`, `targets` `[batch, token]` int64 (the next token), `loss_weight`
 * `[batch, token]` f32. Loss: Σ nll · weight / Σ weight over the whole batch, nats per weighted token.
 */
const lossGraph = (checkpoint: Checkpoint, { maxTokens, train, readOut }: TrainingRequest) => {
  if (readOut !== undefined) siteWidth(checkpoint.config, readOut.site);
  const tensors = "tensors" in train ? train.tensors : [];
  for (const name of tensors) {
    if (!checkpoint.weights.has(name))
      throw new DecoderError({ what: `tensor "${name}"`, problem: "is none of this checkpoint" });
  }
  const lora = "lora" in train ? train.lora : undefined;
  let read: Tensor | undefined;
  const observe = (site: Site, value: Tensor) => {
    if (site === readOut?.site) read = value;
  };
  const {
    graph,
    lowering,
    stream,
    lora: adapter,
  } = forwardGraph(checkpoint, { maxTokens, lora }, observe, new Set(tensors));
  const targets = graph.input("targets", "int64", ["batch", "token"]);
  const weight = graph.input("loss_weight", "float32", ["batch", "token"]);
  const logits = unembed(lowering, finalNorm(lowering, stream)); // [batch·token, vocab]
  const nll = ops.negativeLogLikelihood(logits, ops.reshape(targets, ["batch*token"])); // [batch·token]
  const nextToken = ops.weightedMean(nll, ops.reshape(weight, ["batch*token"]));
  const loss =
    readOut === undefined || read === undefined
      ? nextToken
      : ops.add(nextToken, ops.mul(readOutLoss(read, readOut), readOut.weight));
  const byName = new Map(graph.inputs.map((t) => [t.name, t]));
  const parameters = adapter?.parameters ?? tensors.map((name) => byName.get(name) as Tensor);
  return { graph, loss, nll, parameters };
};

const readOutLoss = (x: Tensor, { direction, bias }: ReadOutLoss): Tensor => {
  const { graph } = x;
  const [target, weight] = ["readout_target", "readout_weight"].map((name) =>
    ops.reshape(graph.input(name, "float32", ["batch", "token"]), ["batch*token"]),
  ) as [Tensor, Tensor];
  const column = graph.initializer("readout_direction", "float32", [direction.length, 1], direction);
  const z = ops.add(ops.reshape(ops.gemm(x, column), ["batch*token"]), bias); // [batch·token]
  return ops.weightedMean(ops.binaryCrossEntropy(z, target), weight);
};

/** One optimizer step as a program, for `Trainer`. */
export const decoderTrainingProgram = (checkpoint: Checkpoint, request: TrainingRequest): TrainingProgram => {
  const { graph, loss, parameters } = lossGraph(checkpoint, request);
  const masks = new Map<string, Tensor>();
  for (const parameter of parameters) {
    const mask = request.masks?.get(parameter.name);
    if (mask !== undefined)
      masks.set(
        parameter.name,
        graph.initializer(`mask/${parameter.name}`, "float32", parameter.shape as number[], mask),
      );
  }
  return trainingProgram(graph, {
    loss,
    parameters,
    masks,
    dataFolder: checkpoint.folder,
    ...(request.optimizer === undefined ? {} : { optimizer: request.optimizer }),
  });
};

/** Loss (`loss`), per-token losses (`nll [batch * token]`) and gradients (`grad/NAME`) without an update. */
export const gradientProgram = (checkpoint: Checkpoint, request: TrainingRequest): Program => {
  const { graph, loss, nll, parameters } = lossGraph(checkpoint, request);
  const gradients = differentiate(graph, loss, parameters);
  graph.output("loss", loss);
  graph.output("nll", nll);
  parameters.forEach((p, i) => {
    graph.output(`grad/${p.name}`, gradients[i] as Tensor);
  });
  return programOf(graph, checkpoint.folder);
};
