/** What every supported family spells alike in its `config.json`. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { ropeConfig } from "./rope-config.ts";

/** How a family departs from the plain Llama block. */
export interface Family {
  readonly modelType: string;
  readonly bias: DecoderConfig["bias"];
  readonly headNorm?: boolean;
  readonly fused?: boolean;
  /** Rotated share of each head. Default 1. */
  readonly partialRotary?: number;
  readonly windows?: DecoderConfig["windows"];
  readonly experts?: DecoderConfig["experts"];
  /** Default of `tie_word_embeddings`. */
  readonly tied?: boolean;
}

/** The decoder a config describes, given its family. Throws `CheckpointError` for what it cannot be. */
export const decodeShared = (config: ConfigReader, family: Family): DecoderConfig => {
  config.expect("hidden_act", "silu");
  config.expect("pretraining_tp", 1);
  if (family.partialRotary === undefined) config.expect("partial_rotary_factor", 1);
  const heads = config.integer("num_attention_heads");
  const hidden = config.integer("hidden_size");
  const kvHeads = config.integer("num_key_value_heads", heads);
  const headDim = config.integer("head_dim", hidden / heads);
  const layers = config.integer("num_hidden_layers");
  const rotaryDim = Math.floor(headDim * (family.partialRotary ?? 1));
  if (heads % kvHeads !== 0)
    config.fail("num_key_value_heads", `${kvHeads} does not divide the ${heads} attention heads`);
  if (rotaryDim % 2 !== 0) config.fail("head_dim", `must be even for rotary embedding, found ${rotaryDim}`);
  return {
    modelType: family.modelType,
    layers,
    heads,
    kvHeads,
    headDim,
    hidden,
    intermediate: config.integer("intermediate_size"),
    vocab: config.integer("vocab_size"),
    rmsEpsilon: config.number("rms_norm_eps", 1e-6),
    tied: config.boolean("tie_word_embeddings", family.tied ?? false),
    bias: family.bias,
    headNorm: family.headNorm ?? false,
    fused: family.fused ?? false,
    rotaryDim,
    windows: family.windows ?? Array.from({ length: layers }, () => null),
    experts: family.experts ?? null,
    rope: ropeConfig(config, rotaryDim),
    maxPositions: config.integer("max_position_embeddings", 2048),
    bosId: config.integers("bos_token_id")[0],
    eosIds: config.integers("eos_token_id"),
  };
};
