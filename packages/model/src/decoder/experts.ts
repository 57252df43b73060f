/**
 * A sparse MLP (HF `Qwen3MoeSparseMoeBlock`): the router's softmax over all experts, the most likely few per token, their
 * outputs weighed and summed. Each expert sees only the tokens that chose it.
 */
import { ops, type Tensor } from "@precipice/onnx";
import type { ExpertConfig } from "../architecture/config.ts";
import { blockName, expertName, ROUTER } from "../architecture/tensor-names.ts";
import type { Lowering } from "./block.ts";

/** `h [n, d_model]` → `[n, d_model]`; sites `mlp.hook_router_logits [n, experts]`, `mlp.hook_expert_weights [n, chosen]`. */
export const sparseMlp = (
  { config, product }: Lowering,
  { count, perToken, normalised }: ExpertConfig,
  layer: number,
  h: Tensor,
  hook: (site: string, value: Tensor) => Tensor,
): Tensor => {
  const map = (x: Tensor, name: string) => product(blockName(layer, name), x);
  const logits = hook("mlp.hook_router_logits", map(h, ROUTER)); // [n, experts]
  const [likely, chosen] = ops.topK(ops.softmax(logits), perToken); // [n, chosen] each
  const share = hook(
    "mlp.hook_expert_weights",
    normalised ? ops.div(likely, ops.reduceSum(likely, [1], true)) : likely,
  );

  let out = ops.zeros(h); // [n, d_model]
  for (let expert = 0; expert < count; expert++) {
    const tokens = `layer${layer}expert${expert}`; // how many tokens chose this expert
    const hits = ops.equal(chosen, h.graph.constant("int64", expert)); // [n, chosen]
    const hit = ops.reduceSum(ops.cast(hits, "float32"), [1], false); // [n]: 1 where chosen
    const rows = ops.reshape(ops.nonZero(hit, tokens), [tokens]);
    const own = ops.reduceSum(ops.where(hits, share, h.graph.constant("float32", 0)), [1], true); // [n, 1]
    const x = ops.gather(h, rows); // [tokens, d_model]
    const gated = ops.mul(ops.silu(map(x, expertName(expert, "gate_proj"))), map(x, expertName(expert, "up_proj")));
    const y = ops.mul(map(gated, expertName(expert, "down_proj")), ops.gather(own, rows)); // [tokens, d_model]
    out = ops.scatterAdd(out, ops.expand(ops.unsqueeze(rows, 1), [tokens, config.hidden]), y, 0);
  }
  return out;
};
