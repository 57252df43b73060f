/** Hugging Face's tensor names of a decoder, with the shape each must have. */
import type { DecoderConfig, ExpertConfig } from "./config.ts";

const LINEARS = [
  "self_attn.q_proj",
  "self_attn.k_proj",
  "self_attn.v_proj",
  "self_attn.o_proj",
  "mlp.gate_proj",
  "mlp.up_proj",
  "mlp.down_proj",
] as const;
const FUSED = ["self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj"] as const;

/** Maps of one input that Phi-3 keeps as one tensor: its parts' rows below each other. */
export const STACKS = {
  "self_attn.qkv_proj": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
  "mlp.gate_up_proj": ["mlp.gate_proj", "mlp.up_proj"],
} as const satisfies Partial<Record<(typeof FUSED)[number], ReadonlyArray<(typeof LINEARS)[number]>>>;

export type Linear = (typeof LINEARS)[number] | (typeof FUSED)[number];

/** The linear maps of a block, by their HF path inside `model.layers.N`. */
export const linears = (c: DecoderConfig): ReadonlyArray<Linear> =>
  c.fused ? FUSED : c.experts === null ? LINEARS : LINEARS.filter((l) => !l.startsWith("mlp."));

/** Output and input width of a linear map. */
export const linearShape = (c: DecoderConfig, linear: Linear): readonly [out: number, input: number] => {
  switch (linear) {
    case "self_attn.q_proj":
      return [c.heads * c.headDim, c.hidden];
    case "self_attn.k_proj":
    case "self_attn.v_proj":
      return [c.kvHeads * c.headDim, c.hidden];
    case "self_attn.qkv_proj":
      return [(c.heads + 2 * c.kvHeads) * c.headDim, c.hidden];
    case "self_attn.o_proj":
      return [c.hidden, c.heads * c.headDim];
    case "mlp.gate_proj":
    case "mlp.up_proj":
      return [c.intermediate, c.hidden];
    case "mlp.gate_up_proj":
      return [2 * c.intermediate, c.hidden];
    case "mlp.down_proj":
      return [c.hidden, c.intermediate];
  }
};

export const hasBias = (c: DecoderConfig, linear: Linear): boolean =>
  linear.startsWith("mlp.") ? c.bias.mlp : linear === "self_attn.o_proj" ? c.bias.o : c.bias.qkv;

export const EMBEDDING = "model.embed_tokens.weight";
export const FINAL_NORM = "model.norm.weight";
export const blockName = (layer: number, part: string): string => `model.layers.${layer}.${part}`;
export const headName = (c: DecoderConfig): string => (c.tied ? EMBEDDING : "lm_head.weight");

/** The router of a block, and the three maps of one of its experts. */
export const ROUTER = "mlp.gate.weight";
export const expertName = (expert: number, map: "gate_proj" | "up_proj" | "down_proj"): string =>
  `mlp.experts.${expert}.${map}.weight`;

const expertShapes = (
  hidden: number,
  { count, intermediate }: ExpertConfig,
): ReadonlyArray<readonly [string, ReadonlyArray<number>]> => [
  [ROUTER, [count, hidden]],
  ...Array.from({ length: count }, (_, e) => [
    [expertName(e, "gate_proj"), [intermediate, hidden]] as const,
    [expertName(e, "up_proj"), [intermediate, hidden]] as const,
    [expertName(e, "down_proj"), [hidden, intermediate]] as const,
  ]).flat(),
];

/** Every tensor of the checkpoint with its shape. */
export const tensorShapes = (c: DecoderConfig): ReadonlyMap<string, ReadonlyArray<number>> => {
  const shapes = new Map<string, ReadonlyArray<number>>([[EMBEDDING, [c.vocab, c.hidden]]]);
  for (let layer = 0; layer < c.layers; layer++) {
    shapes.set(blockName(layer, "input_layernorm.weight"), [c.hidden]);
    shapes.set(blockName(layer, "post_attention_layernorm.weight"), [c.hidden]);
    if (c.headNorm)
      for (const part of ["q_norm", "k_norm"]) shapes.set(blockName(layer, `self_attn.${part}.weight`), [c.headDim]);
    if (c.experts !== null)
      for (const [name, shape] of expertShapes(c.hidden, c.experts)) shapes.set(blockName(layer, name), shape);
    for (const linear of linears(c)) {
      const shape = linearShape(c, linear);
      shapes.set(blockName(layer, `${linear}.weight`), shape);
      if (hasBias(c, linear)) shapes.set(blockName(layer, `${linear}.bias`), [shape[0]]);
    }
  }
  shapes.set(FINAL_NORM, [c.hidden]);
  if (!c.tied) shapes.set("lm_head.weight", [c.vocab, c.hidden]);
  return shapes;
};
