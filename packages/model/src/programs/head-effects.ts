/**
 * Attribution patching (Nanda 2023; Syed et al. 2023): what ablating each head would change of a read-out, to first order, for all
 * heads of all layers at the cost of one backward pass. A head scaled by γ changes the read-out by (γ − 1) ∂/∂γ at γ = 1;
 * through the concatenation's norm as well, where ablation gives that back.
 */
import { ops, pullBack, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import type { RenormMode } from "../decoder/head-scale.ts";

/** A norm over the whole batch mixes rows: their effects could not be told apart. */
export type EffectRenorm = Exclude<RenormMode, "tensor">;

/**
 * `reading [capture, d]`: the site at the captured tokens, part of the way from `zs`, head outputs per layer
 * `[batch · token, heads · d_head]` → `[layer, batch, head]`: the first-order change of Σ reading · direction over a row's
 * captured tokens when the head is ablated where `gate [batch, token]` is 1. Heads that the reading does not depend on get 0.
 */
export const headEffects = (
  { heads, headDim }: DecoderConfig,
  zs: ReadonlyArray<Tensor>,
  reading: Tensor,
  direction: Tensor,
  gate: Tensor,
  renorm: EffectRenorm,
): Tensor => {
  const { graph } = reading;
  const gradient = ops.expand(ops.unsqueeze(direction, 0), reading.shape); // d Σ / d reading, [capture, d]
  const gradients = pullBack(graph, [{ tensor: reading, gradient }], zs);
  const perLayer = zs.map((z, layer) => {
    const byHead = (x: Tensor) => ops.reduceSum(ops.reshape(x, ["batch*token", heads, headDim]), [2], false); // [batch·token, head]
    const slope = byHead(ops.mul(z, gradients[layer] as Tensor)); // ∂/∂γ of each head, its own tokens alone
    // matchNorm: z' = s ‖z‖ / ‖s‖, so ∂z'/∂γ_h = z_h − z ‖z_h‖² / ‖z‖².
    const bent = () => {
      const squares = byHead(ops.mul(z, z));
      const share = ops.div(squares, ops.add(ops.reduceSum(squares, [1], true), 1e-30)); // padding may be all zero
      return ops.sub(slope, ops.mul(share, ops.reduceSum(slope, [1], true)));
    };
    const everywhere = ops.reshape(renorm === "token" ? bent() : slope, ["batch", "token", heads]);
    const perToken = ops.mul(everywhere, ops.unsqueeze(gate, 2)); // [batch, token, head]
    return ops.unsqueeze(ops.neg(ops.reduceSum(perToken, [1], false)), 0); // [1, batch, head]
  });
  return ops.concat(perLayer, 0);
};
