/**
 * What a decoder block is: the one definition behind prefill, decoding, analysis and training. The residual stream is kept
 * flat, `[n, d_model]` with n = batch · token; how tokens attend to each other is the lowering's choice (`attend`).
 */
import { ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { blockName, EMBEDDING, FINAL_NORM, hasBias, headName, type Linear } from "../architecture/tensor-names.ts";
import { sparseMlp } from "./experts.ts";
import { FINAL_NORMALIZED, type Site } from "./sites.ts";
import { asFloat32, type Product, type WeightSource } from "./weights.ts";

export interface Lowering {
  readonly config: DecoderConfig;
  readonly weights: WeightSource;
  readonly product: Product;
  /** q `[n, heads · d_head]`, k, v `[n, kv_heads · d_head]`, not yet rotated → z `[n, heads · d_head]`. */
  readonly attend: (layer: number, q: Tensor, k: Tensor, v: Tensor) => Tensor;
  /** Called with the value at every site; what it returns takes its place. */
  readonly hook?: ((site: Site, value: Tensor) => Tensor) | undefined;
  /** An adapter's addition to a linear map's output. */
  readonly delta?: ((layer: number, linear: Linear, x: Tensor) => Tensor | undefined) | undefined;
}

/** Token ids `[…]` (int64) → residual stream `[n, d_model]`. 16-bit tables stay 16-bit: rows are gathered, then widened. */
export const embed = ({ weights, hook }: Lowering, ids: Tensor, rows: number | string): Tensor => {
  const flat = ops.reshape(ids, [rows]);
  const x = asFloat32(ops.gather(weights(EMBEDDING), flat)); // [n, d_model]
  return hook?.("hook_embed", x) ?? x;
};

const linear = ({ config, weights, product, delta }: Lowering, layer: number, name: Linear, x: Tensor): Tensor => {
  const bias = hasBias(config, name) ? asFloat32(weights(blockName(layer, `${name}.bias`))) : undefined;
  const y = product(blockName(layer, `${name}.weight`), x, bias); // [n, out]
  const extra = delta?.(layer, name, x);
  return extra === undefined ? y : ops.add(y, extra);
};

/** q `[n, heads · d_head]`, k, v `[n, kv_heads · d_head]`, from one tensor or three, heads normed where the family does so. */
const projections = (
  { config, weights }: Lowering,
  layer: number,
  map: (name: Linear) => Tensor,
): readonly [q: Tensor, k: Tensor, v: Tensor] => {
  const { heads, kvHeads, headDim, fused, headNorm, rmsEpsilon } = config;
  const widths = [heads, kvHeads, kvHeads].map((n) => n * headDim);
  const [q, k, v] = (
    fused
      ? ops.split(map("self_attn.qkv_proj"), widths, 1)
      : [map("self_attn.q_proj"), map("self_attn.k_proj"), map("self_attn.v_proj")]
  ) as [Tensor, Tensor, Tensor];
  if (!headNorm) return [q, k, v];
  const normed = (x: Tensor, name: string, n: number) => {
    const gain = asFloat32(weights(blockName(layer, `self_attn.${name}.weight`))); // [d_head]
    return ops.reshape(ops.rmsNorm(ops.reshape(x, [x.shape[0] as number, n, headDim]), gain, rmsEpsilon), x.shape);
  };
  return [normed(q, "q_norm", heads), normed(k, "k_norm", kvHeads), v];
};

/** SwiGLU: `down(silu(gate(h)) · up(h))`, gate and up from one tensor or two. */
const denseMlp = (
  { fused, intermediate }: DecoderConfig,
  map: (name: Linear, x: Tensor) => Tensor,
  h: Tensor,
): Tensor => {
  const [gate, up] = fused
    ? (ops.split(map("mlp.gate_up_proj", h), [intermediate, intermediate], 1) as [Tensor, Tensor])
    : [map("mlp.gate_proj", h), map("mlp.up_proj", h)];
  return map("mlp.down_proj", ops.mul(ops.silu(gate), up)); // [n, d_model]
};

/** One pre-norm block: `x + attention(norm(x))`, then `+ mlp(norm(·))` with SwiGLU. */
export const block = (lowering: Lowering, layer: number, x: Tensor): Tensor =>
  x.graph.scope(`blocks.${layer}`, () => {
    const { config, weights, attend } = lowering;
    const hook = (site: string, value: Tensor) => lowering.hook?.(`blocks.${layer}.${site}`, value) ?? value;
    const norm = (value: Tensor, name: string) =>
      ops.rmsNorm(value, asFloat32(weights(blockName(layer, `${name}.weight`))), config.rmsEpsilon);
    const map = (name: Linear, value: Tensor) => linear(lowering, layer, name, value);

    const pre = hook("hook_resid_pre", x); // [n, d_model]
    const attentionOut = x.graph.scope("attn", () => {
      const h = norm(pre, "input_layernorm");
      const [q, k, v] = projections(lowering, layer, (name) => map(name, h));
      const z = attend(layer, q, k, v);
      return map("self_attn.o_proj", hook("attn.hook_z", z));
    });
    const mid = hook("hook_resid_mid", ops.add(pre, hook("hook_attn_out", attentionOut)));
    const mlpOut = x.graph.scope("mlp", () => {
      const h = norm(mid, "post_attention_layernorm");
      return config.experts === null ? denseMlp(config, map, h) : sparseMlp(lowering, config.experts, layer, h, hook);
    });
    return hook("hook_resid_post", ops.add(mid, hook("hook_mlp_out", mlpOut)));
  });

/** All blocks, without the final norm. */
export const blocks = (lowering: Lowering, x: Tensor): Tensor => {
  let stream = x;
  for (let layer = 0; layer < lowering.config.layers; layer++) stream = block(lowering, layer, stream);
  return stream;
};

export const finalNorm = ({ config, weights, hook }: Lowering, x: Tensor): Tensor => {
  const normed = ops.rmsNorm(x, asFloat32(weights(FINAL_NORM)), config.rmsEpsilon); // [n, d_model]
  return hook?.(FINAL_NORMALIZED, normed) ?? normed;
};

/** Normalised residual stream `[n, d_model]` → logits `[n, vocab]`. */
export const unembed = ({ config, product }: Lowering, x: Tensor): Tensor => product(headName(config), x);
