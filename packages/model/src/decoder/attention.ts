/**
 * Causal self-attention over whole sequences, composed of standard ops: for prefill, analysis, training and attention
 * patterns. Rows are padded on the right, so the causal mask alone keeps padding away from real tokens.
 */
import { type Graph, ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { additiveMask, byWindow } from "./masks.ts";
import { byHead, rotateSequences } from "./rotation.ts";
import { hookZ, type Site } from "./sites.ts";

export interface CausalAttention {
  /** Attention probabilities of each layer, `[batch, heads, query, key]`, when asked for. */
  readonly onPattern?: (layer: number, pattern: Tensor) => void;
  /** Several rows per sequence. */
  readonly packed?: PackedPlaces;
}

/** Where the tokens of packed rows belong; a token sees its own row only. */
export interface PackedPlaces {
  /** Row of each token within its sequence, −1 for padding: `[batch, token]` int64. */
  readonly segments: Tensor;
  /** Place of each token in its row, from 0: `[batch, token]` int64. */
  readonly positions: Tensor;
}

/** The inputs of a program over packed rows. */
export const packedPlaces = (graph: Graph): PackedPlaces => ({
  segments: graph.input("segments", "int64", ["batch", "token"]),
  positions: graph.input("positions", "int64", ["batch", "token"]),
});

/** `attend` of a lowering over ids `[batch, token]`. */
export const causalAttention = (
  ids: Tensor,
  config: DecoderConfig,
  maxPositions: number,
  { onPattern, packed }: CausalAttention = {},
) => {
  const { heads, kvHeads, headDim } = config;
  const group = heads / kvHeads; // query heads per kv head: head j reads kv head floor(j / group)
  const places = ops.arange(ids, "token"); // [token]
  const positions = packed?.positions ?? ops.expand(ops.unsqueeze(places, 0), ["batch", "token"]); // [batch, token]
  const turned = rotateSequences(ids.graph, config, maxPositions, positions);
  const behind = ops.sub(ops.unsqueeze(places, 1), ops.unsqueeze(places, 0)); // [query, key]: how far back the key lies
  const past = ops.not(ops.less(behind, 0));
  const same = (segments: Tensor) =>
    ops.unsqueeze(ops.equal(ops.unsqueeze(segments, 2), ops.unsqueeze(segments, 1)), 1);
  const visible = packed === undefined ? past : ops.and(same(packed.segments), past); // [query, key] or [batch, 1, query, key]
  const maskOf = byWindow((window) => additiveMask(behind, visible, window));

  return (layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor => {
    const kh = turned(k, kvHeads); // [batch, kv_heads, token, d_head]
    const vh = byHead(v, kvHeads, headDim);
    // All query heads of one kv head are stacked along the rows, so that one product per kv head serves them.
    const qh = ops.reshape(turned(q, heads), ["batch", kvHeads, `${group}*token`, headDim]);
    const scores = ops.reshape(ops.matMulT(qh, kh, 1 / Math.sqrt(headDim)), ["batch", heads, "token", "token"]);
    const pattern = ops.softmax(ops.add(scores, maskOf(config.windows[layer] ?? null))); // [batch, heads, query, key]
    onPattern?.(layer, pattern);
    const zh = ops.matMul(ops.reshape(pattern, ["batch", kvHeads, `${group}*token`, "token"]), vh); // [batch, kv_heads, group·token, d_head]
    const z = ops.transpose(ops.reshape(zh, ["batch", heads, "token", headDim]), [0, 2, 1, 3]);
    return ops.reshape(z, ["batch*token", heads * headDim]);
  };
};

/** Is `site` the head outputs of some layer? Answers which. */
export const layerOfZ = (site: Site, layers: number): number | undefined => {
  for (let l = 0; l < layers; l++) if (site === hookZ(l)) return l;
  return undefined;
};
