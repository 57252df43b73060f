/**
 * Keys of a `config.json` that no adapter asked for. Most of them have nothing to do with what a model computes; those whose
 * names say that they do (a softcap, a multiplier, a window, a quantisation) are refused unless their value leaves them off:
 * numbers that differ from Hugging Face's in silence are worse than a model that is not opened.
 */

/** Words of names that stand for a part of the computation. */
const COMPUTES =
  /soft_?cap|multiplier|scal|alibi|rope|rotary|norm|bias|window|expert|router|attention|attn|activation|residual|clip|qk|quant|parallel_|layer_types/i;

/** Names with such a word that matter in training, to the caller, or nowhere in these families. */
const HARMLESS = new Set([
  "_attn_implementation",
  "_attn_implementation_internal",
  "attn_implementation",
  "attention_dropout",
  "attention_probs_dropout_prob",
  "attn_pdrop",
  "initializer_scale",
  "max_window_layers",
  "output_attentions",
  "output_router_logits",
  "router_aux_loss_coef",
  "router_jitter_noise",
  "router_z_loss_coef",
]);

/** Rotary settings that a kind of scaling may find beside its own. */
const ROTARY = new Set([
  "attention_factor",
  "beta_fast",
  "beta_slow",
  "factor",
  "finetuned",
  "high_freq_factor",
  "long_factor",
  "low_freq_factor",
  "original_max_position_embeddings",
  "rope_theta",
  "rope_type",
  "short_factor",
  "type",
]);

/** Does the value leave the thing off, multiply by one, or say that every layer is as it always is? */
const isNeutral = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 1 ||
  (typeof value === "object" && Object.values(value).every((part) => part === "full_attention"));

type Json = Readonly<Record<string, unknown>>;

/** The first key that would change what is computed though nobody read it. */
export const unreadKey = (config: Json, rope: Json, read: ReadonlySet<string>): string | undefined => {
  const open = (json: Json) => Object.keys(json).filter((key) => !read.has(key) && !isNeutral(json[key]));
  return (
    open(rope).find((key) => !ROTARY.has(key)) ??
    open(config).find((key) => COMPUTES.test(key) && !HARMLESS.has(key) && !/dropout/.test(key))
  );
};
