/**
 * One decoding step. Past keys and values are plain inputs over the host's cache arrays, scores of past and new token meet
 * only before the softmax, and only the new rows leave the program: onnxruntime copies every output, so the cache never is one.
 */
import { Graph, ops, type Program, programOf, type Tensor } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { blocks, embed, finalNorm, type Lowering, unembed } from "../decoder/block.ts";
import { headScaleHook, type RenormMode } from "../decoder/head-scale.ts";
import { rotateSteps } from "../decoder/rotation.ts";
import { decoderWeights } from "../decoder/weights.ts";
import type { QuantisedCopy } from "../weights/quantised-cache.ts";

/**
 * Inputs: `input_ids [batch]`, `positions [batch]` (= length of each row's past), `key.N`, `value.N` `[batch, kv_heads, past, d_head]`
 * (slots at or beyond a row's length are masked). Outputs: `logits [batch, vocab]`, `new_kv [2 · layers, batch, kv_heads, d_head]`.
 */
export const decodeProgram = (
  checkpoint: Checkpoint,
  maxTokens: number,
  headScale?: RenormMode,
  quantised?: QuantisedCopy,
): Program => {
  const { config } = checkpoint;
  const { heads, kvHeads, headDim, layers } = config;
  const group = heads / kvHeads;
  const graph = new Graph("decode");
  const ids = graph.input("input_ids", "int64", ["batch"]);
  const positions = graph.input("positions", "int64", ["batch"]);
  const scale = headScale === undefined ? undefined : headScaleHook(graph, config, headScale, "batch");
  const turned = rotateSteps(graph, config, maxTokens, positions);
  const pasts = Array.from({ length: layers }, (_, l) => ({
    key: graph.input(`key.${l}`, "float32", ["batch", kvHeads, "past", headDim]),
    value: graph.input(`value.${l}`, "float32", ["batch", kvHeads, "past", headDim]),
  }));
  const behind = ops.sub(ops.unsqueeze(positions, 1), ops.unsqueeze(ops.arange(ids, "past"), 0)); // [batch, past]: how far back the slot lies
  const masks = new Map<number | null, Tensor>();
  const maskOf = (window: number | null): Tensor => {
    const known = masks.get(window);
    if (known !== undefined) return known;
    const filled = ops.greater(behind, 0); // slots at or beyond the row's length are empty
    const visible = window === null ? filled : ops.and(filled, ops.less(behind, window));
    const mask = ops.where(visible, graph.constant("float32", 0), graph.constant("float32", -1e30));
    masks.set(window, ops.reshape(mask, ["batch", 1, 1, "past"]));
    return masks.get(window) as Tensor;
  };
  const fresh: Tensor[] = [];

  const attend = (layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor => {
    const qh = ops.reshape(turned(q, heads), ["batch", kvHeads, group, headDim]);
    const kh = ops.reshape(turned(k, kvHeads), ["batch", kvHeads, 1, headDim]);
    const vh = ops.reshape(v, ["batch", kvHeads, 1, headDim]);
    fresh.push(ops.reshape(kh, [1, "batch", kvHeads, headDim]), ops.reshape(vh, [1, "batch", kvHeads, headDim]));
    const { key, value } = pasts[layer] as { key: Tensor; value: Tensor };
    const root = 1 / Math.sqrt(headDim);
    const past = ops.add(ops.matMulT(qh, key, root), maskOf(config.windows[layer] ?? null)); // [batch, kv_heads, group, past]
    const pattern = ops.softmax(ops.concat([past, ops.matMulT(qh, kh, root)], 3)); // […, past+1]
    const [old, own] = ops.split(pattern, ["past", 1], 3) as [Tensor, Tensor];
    const z = ops.add(ops.matMul(old, value), ops.mul(own, vh)); // [batch, kv_heads, group, d_head]
    return ops.reshape(z, ["batch", heads * headDim]);
  };
  const lowering: Lowering = {
    config,
    ...decoderWeights(graph, checkpoint, quantised),
    attend,
    hook: scale,
  };
  const stream = blocks(lowering, embed(lowering, ids, "batch"));
  graph.output("logits", unembed(lowering, finalNorm(lowering, stream)));
  graph.output("new_kv", ops.concat(fresh, 0));
  return programOf(graph, quantised?.folder ?? checkpoint.folder);
};
