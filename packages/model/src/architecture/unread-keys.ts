/**
 * Keys of a `config.json` that no adapter asked for. Most of them have nothing to do with what a model computes; those whose
 * names say that they do (a softcap, a multiplier, a window, another norm) are refused unless their value leaves them off:
 * numbers that differ from what the model was trained with, in silence, are worse than a model that is not opened.
 */
import { clip } from "@precipice/files";

/** Words of names that stand for a part of the computation. */
const COMPUTES =
  /soft_?cap|multiplier|scal|alibi|rope|rotary|norm|bias|window|expert|moe|router|attention|attn|activation|act_fn|residual|clip|qk|quant|parallel_|layer_types|block_configs|per_layer|shared|causal|mup/i;

/** Names with such a word that matter in training, to how it is computed, to the caller, or nowhere in these families. */
const HARMLESS = [
  /^_/,
  /flash/i,
  /(attn|attention|experts|norm)_?(impl|implementation|backend|kernel)/i,
  /drop/i,
  /init/i,
  /coef|_loss|loss_|jitter/i,
  /fp32|float32|dtype|upcast/i,
  /^(output|use_cache|cache|gradient|chunk_size_feed_forward|prefill_chunk)/i,
  /^(max_window_layers|ffn_dim_multiplier|unsloth_|cross_attention|tie_)/i,
  /^(renormalize_logits|sequence_bias|guidance_scale|add_cross_attention|reset_attention_mask)$/,
];

/** Names whose usual value means what every family here computes, though it is no zero. */
const USUAL: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  activation: ["silu", "swish", "swiglu"],
  activation_function: ["silu", "swish", "swiglu"],
  hidden_activation: ["silu", "swish", "swiglu"],
  mlp_hidden_act: ["silu", "swish", "swiglu"],
  causal: [true],
  is_causal: [true],
  norm_type: ["rmsnorm", "rms_norm", "RMSNorm", "rms"],
  rms_norm: [true],
  use_rms_norm: [true],
  use_rmsnorm: [true],
  position_embedding_type: ["rope", "rotary", "absolute"], // the last one is what old transformers wrote into every file
  scale_attn_weights: [true],
  use_rope: [true],
  use_rotary: [true],
  use_causal_mask: [true],
};

/** Rotary settings that name another computation than any rope type here: positions of several axes, or of single kinds of layers. */
const OTHER_ROTARY = /^mrope/;

/** Does the value leave the thing off, multiply by one, or say that every layer is as it always is? */
const isNeutral = (key: string, value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 1 ||
  (value === 0 && /soft_?cap|clip|alibi|expert|moe/i.test(key)) ||
  (typeof value === "object" && Object.values(value).every((part) => part === "full_attention"));

type Json = Readonly<Record<string, unknown>>;

/** The first key that would change what is computed though nobody read it. */
export const refusedKey = (config: Json, read: ReadonlySet<string>): string | undefined =>
  Object.keys(config).find((key) => {
    const value = config[key];
    if (read.has(key)) return false;
    if (Object.hasOwn(USUAL, key)) return value !== undefined && value !== null && !USUAL[key]?.includes(value);
    return COMPUTES.test(key) && !HARMLESS.some((name) => name.test(key)) && !isNeutral(key, value);
  });

/** Rotary settings that nobody read: those that transformers ignores for the kind, and the first that it could not ignore. */
export const ignoredRotary = (
  rope: Json,
  read: ReadonlySet<string>,
): { readonly ignored: ReadonlyArray<string>; readonly refused: string | undefined } => {
  const open = Object.keys(rope).filter((key) => !read.has(key) && !isNeutral(key, rope[key]));
  const isOther = (key: string) => OTHER_ROTARY.test(key) || rope[key]?.constructor === Object;
  return { ignored: open.filter((key) => !isOther(key)), refused: open.find(isOther) };
};

/** A value as the file has it, a long one without its middle; Python's JSON knows three numbers more than JavaScript's. */
export const shown = (value: unknown): string =>
  typeof value === "number" && !Number.isFinite(value)
    ? String(value)
    : clip(JSON.stringify(value) ?? "undefined", MOST_SHOWN);
const MOST_SHOWN = 300;

/** What should be a name. */
export const named = (value: unknown): string => (typeof value === "string" ? clip(value, MOST_SHOWN) : shown(value));
