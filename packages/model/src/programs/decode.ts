/**
 * The generation program: some new tokens per row on top of cached ones. With no past it prefills, with one new token it decodes,
 * with a few it continues in chunks; so the weights are loaded once. Past keys and values are plain inputs over the host's cache
 * arrays, scores of past and new tokens meet only before the softmax, and only the new rows leave the program: onnxruntime copies
 * every output, so the cache never is one.
 */
import { Graph, ops, type Program, programOf } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { blocks, embed, finalNorm, type Lowering, unembed } from "../decoder/block.ts";
import { cachedAttention } from "../decoder/cached-attention.ts";
import { directionHook } from "../decoder/direction-edit.ts";
import { headScaleHook, type RenormMode } from "../decoder/head-scale.ts";
import { type LoraShape, loraInputs, stackedDelta } from "../decoder/lora.ts";
import { decoderWeights } from "../decoder/weights.ts";
import type { QuantisedCopy } from "../weights/quantised-cache.ts";

/**
 * Inputs: `input_ids [batch, token]` (right-padded), `past_length [batch]` (tokens of each row in the cache), `key.N`, `value.N`
 * `[batch, kv_heads, past, d_head]` (slots at or beyond a row's length are masked), `capture_index [capture]` (flat indices of the
 * tokens whose logits are wanted); for models with longrope also `sequence_length [batch]`, which chooses its list of factors; with
 * an adapter its parameters under PEFT's names. Outputs: `logits [capture, vocab]`, `new_kv [2 · layers, batch, kv_heads, token, d_head]`.
 */
export const decodeProgram = (
  checkpoint: Checkpoint,
  maxTokens: number,
  headScale?: RenormMode,
  quantised?: QuantisedCopy,
  directionEdit = false,
  adapter?: LoraShape,
): Program => {
  const { config } = checkpoint;
  const graph = new Graph("decode");
  const ids = graph.input("input_ids", "int64", ["batch", "token"]);
  const index = graph.input("capture_index", "int64", ["capture"]);
  const scale = headScale === undefined ? undefined : headScaleHook(graph, config, headScale, "batch*token");
  const edit = directionEdit ? directionHook(graph, config, "batch*token") : undefined;
  const { attend, newKeysAndValues } = cachedAttention(ids, config, maxTokens);
  const hook: Lowering["hook"] = (site, value) => {
    const scaled = scale?.(site, value) ?? value;
    return edit?.(site, scaled) ?? scaled;
  };
  const delta = adapter === undefined ? undefined : stackedDelta(config, loraInputs(graph, config, adapter).delta);
  const layout = quantised?.config ?? config;
  const lowering: Lowering = {
    config: layout,
    ...decoderWeights(graph, checkpoint, { quantised }),
    attend,
    hook,
    delta,
  };
  const stream = ops.gather(blocks(lowering, embed(lowering, ids, "batch*token")), index); // [capture, d_model]
  graph.output("logits", unembed(lowering, finalNorm(lowering, stream)));
  graph.output("new_kv", newKeysAndValues());
  return programOf(graph, quantised?.folder ?? checkpoint.dataFolder);
};
