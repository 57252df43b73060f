/**
 * What each attention head writes into the residual stream along one direction: `(W_O^(h) z_{l,h}) · w`, all heads of all
 * layers in one pass. `W_O` is folded with the direction first, so a head costs one dot product of width d_head.
 */
import { type Dim, ops, type Tensor } from "@precipice/onnx";
import { blockName } from "../architecture/tensor-names.ts";
import type { Lowering } from "../decoder/block.ts";
import { asFloat32 } from "../decoder/weights.ts";

/** `zs`: head outputs per layer `[capture, heads · d_head]`; `direction [d_model]` → `[layer, capture, head]`. */
export const headContributions = (
  { config, weights }: Lowering,
  zs: ReadonlyArray<Tensor>,
  direction: Tensor,
): Tensor => {
  const row = ops.unsqueeze(direction, 0); // [1, d_model]
  const perLayer = zs.map((z, layer) => {
    const output = asFloat32(weights(blockName(layer, "self_attn.o_proj.weight"))); // [d_model, heads·d_head]
    const folded = ops.gemm(row, output); // [1, heads·d_head]
    const byHead = ops.reshape(ops.mul(z, folded), [z.shape[0] as Dim, config.heads, config.headDim]);
    return ops.unsqueeze(ops.reduceSum(byHead, [2], false), 0); // [1, capture, head]
  });
  return ops.concat(perLayer, 0);
};
