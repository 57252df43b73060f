/** Names of the places in a decoder, as TransformerLens calls them, with the width of what is found there. */
import type { DecoderConfig } from "../architecture/config.ts";
import { DecoderError } from "../errors.ts";

/** `hook_embed`, `blocks.3.hook_resid_post`, `blocks.3.attn.hook_z`, `ln_final.hook_normalized`, … */
export type Site = string;

/** The residual stream after block `layer`. */
export const residPost = (layer: number): Site => `blocks.${layer}.hook_resid_post`;
/** Outputs of all heads of a layer, side by side, before `o_proj`. */
export const hookZ = (layer: number): Site => `blocks.${layer}.attn.hook_z`;
/** The residual stream after the final norm: what the unembedding reads. */
export const FINAL_NORMALIZED: Site = "ln_final.hook_normalized";

const BLOCK_SITES = [
  "hook_resid_pre",
  "hook_resid_mid",
  "hook_resid_post",
  "hook_attn_out",
  "hook_mlp_out",
  "attn.hook_z",
  "attn.hook_pattern",
  "mlp.hook_router_logits",
  "mlp.hook_expert_weights",
] as const;

/** Width of a per-token vector site. Throws `DecoderError` for an unknown site, listing what there is. */
export const siteWidth = (config: DecoderConfig, site: Site): number => {
  if (site === "hook_embed" || site === FINAL_NORMALIZED) return config.hidden;
  const match = /^blocks\.(0|[1-9]\d*)\.(.+)$/.exec(site);
  const part = match?.[2] as (typeof BLOCK_SITES)[number] | undefined;
  if (match === null || part === undefined || !BLOCK_SITES.includes(part)) {
    throw new DecoderError({
      what: `site "${site}"`,
      problem: `unknown; sites are hook_embed, ${FINAL_NORMALIZED} and blocks.N.{${BLOCK_SITES.join(", ")}}`,
    });
  }
  if (Number(match[1]) >= config.layers) {
    throw new DecoderError({
      what: `site "${site}"`,
      problem: `the model has ${config.layers} layers, numbered from 0`,
    });
  }
  if (part === "attn.hook_pattern")
    throw new DecoderError({
      what: `site "${site}"`,
      problem: "holds attention probabilities, not a vector per token; ask for patterns",
    });
  if (part.startsWith("mlp.")) {
    if (config.experts === null)
      throw new DecoderError({ what: `site "${site}"`, problem: `a ${config.modelType} block has no router` });
    return part === "mlp.hook_router_logits" ? config.experts.count : config.experts.perToken;
  }
  return part === "attn.hook_z" ? config.heads * config.headDim : config.hidden;
};

/** All residual-stream sites after the blocks, from the first to the last. */
export const allResidPost = (config: DecoderConfig): ReadonlyArray<Site> =>
  Array.from({ length: config.layers }, (_, l) => residPost(l));
