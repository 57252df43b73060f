/**
 * Causal self-attention of new tokens over cached and new ones: for generation, and for analysis in chunks. Past keys and values
 * are plain inputs over the host's cache arrays, scores of past and new tokens meet only before the softmax, and only the new
 * rows leave the program: onnxruntime copies every output, so the cache never is one.
 */
import { ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { additiveMask, byWindow } from "./masks.ts";
import { byHead, rotateContinuations } from "./rotation.ts";

export interface CachedAttention {
  /** `attend` of a lowering over ids `[batch, token]`. */
  readonly attend: (layer: number, q: Tensor, k: Tensor, v: Tensor) => Tensor;
  /** Keys and values of the new tokens, once all layers attended: `[2 · layers, batch, kv_heads, token, d_head]`. */
  readonly newKeysAndValues: () => Tensor;
}

/**
 * Brings inputs `past_length [batch]` (tokens of each row in the cache) and `key.N`, `value.N` `[batch, kv_heads, past, d_head]`
 * (slots at or beyond a row's length are masked); a longrope model also takes `sequence_length [batch]`, see `rotateContinuations`.
 */
export const cachedAttention = (ids: Tensor, config: DecoderConfig, maxTokens: number): CachedAttention => {
  const { graph } = ids;
  const { heads, kvHeads, headDim, layers } = config;
  const group = heads / kvHeads; // query heads per kv head: head j reads kv head floor(j / group)
  const pastLength = ops.unsqueeze(graph.input("past_length", "int64", ["batch"]), 1); // [batch, 1]
  const pasts = Array.from({ length: layers }, (_, l) => ({
    key: graph.input(`key.${l}`, "float32", ["batch", kvHeads, "past", headDim]),
    value: graph.input(`value.${l}`, "float32", ["batch", kvHeads, "past", headDim]),
  }));
  const places = ops.unsqueeze(ops.arange(ids, "token"), 0); // [1, token]
  const positions = ops.add(places, pastLength); // [batch, token]
  const turned = rotateContinuations(graph, config, maxTokens, positions);

  // How far back each key lies behind its query: cached ones [batch, query, slot], new ones [1, query, key].
  const slots = ops.reshape(ops.arange(ids, "past"), [1, 1, "past"]);
  const pastBehind = ops.sub(ops.unsqueeze(positions, 2), slots);
  const newBehind = ops.sub(ops.unsqueeze(places, 2), ops.unsqueeze(places, 1));
  const filled = ops.less(slots, ops.unsqueeze(pastLength, 2)); // [batch, 1, slot]
  const maskOf = byWindow((window) => {
    const past = additiveMask(pastBehind, filled, window); // [batch, query, slot]; without a window the query axis is 1
    const own = additiveMask(newBehind, ops.not(ops.less(newBehind, 0)), window); // [1, query, key]
    const whole = [ops.expand(past, ["batch", "token", "past"]), ops.expand(own, ["batch", "token", "token"])];
    return ops.unsqueeze(ops.concat(whole, 2), 1); // [batch, 1, query, slot and key]
  });
  const fresh: Tensor[] = [];

  const attend = (layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor => {
    const stacked = (x: Tensor, last: number | string) => ops.reshape(x, ["batch", kvHeads, `${group}*token`, last]);
    const qh = stacked(turned(q, heads), headDim); // query heads of one kv head share a product
    const kh = turned(k, kvHeads); // [batch, kv_heads, token, d_head]
    const vh = byHead(v, kvHeads, headDim);
    fresh.push(ops.unsqueeze(kh, 0), ops.unsqueeze(vh, 0));
    const { key, value } = pasts[layer] as { key: Tensor; value: Tensor };
    const root = 1 / Math.sqrt(headDim);
    const scores = ops.concat([ops.matMulT(qh, key, root), ops.matMulT(qh, kh, root)], 3); // [batch, kv_heads, group·token, slot and key]
    const byQuery = ops.reshape(scores, ["batch", heads, "token", "past+token"]);
    const pattern = ops.softmax(ops.add(byQuery, maskOf(config.windows[layer] ?? null))); // [batch, heads, query, slot and key]
    const [old, own] = ops.split(stacked(pattern, "past+token"), ["past", "token"], 3) as [Tensor, Tensor];
    const z = ops.add(ops.matMul(old, value), ops.matMul(own, vh)); // [batch, kv_heads, group·token, d_head]
    const byToken = ops.transpose(ops.reshape(z, ["batch", heads, "token", headDim]), [0, 2, 1, 3]);
    return ops.reshape(byToken, ["batch*token", heads * headDim]);
  };
  return { attend, newKeysAndValues: () => ops.concat(fresh, 0) };
};
