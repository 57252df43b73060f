/** What every supported family spells alike in its `config.json`. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { type RopeRules, ropeConfig } from "./rope-config.ts";
import { expectLayerTypes } from "./windows.ts";

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
  readonly rope?: RopeRules;
  readonly defaults: FamilyDefaults;
}

/** What transformers 5.18 takes for a key that the file leaves out, where families differ. Sizes of tensors must be stated. */
export interface FamilyDefaults {
  readonly maxPositions: number;
  /** Default 1e-6. */
  readonly rmsEpsilon?: number;
  /** Default: as many as attention heads. */
  readonly kvHeads?: number;
  /** Default: the width divided by the heads. */
  readonly headDim?: number;
  /** Default: none. */
  readonly eosId?: number;
}

/** The decoder a config describes, given its family. Throws `CheckpointError` for what it cannot be. */
export const decodeShared = (config: ConfigReader, family: Family): DecoderConfig => {
  const { defaults } = family;
  config.expectOneOf("hidden_act", ["silu", "swish"]);
  const ownCode = config.ownCode();
  if (ownCode !== undefined)
    config.notices.push(
      `auto_map names the checkpoint's own code (${ownCode}), which is not run: computed is transformers' ${family.modelType}, as without trust_remote_code`,
    );
  if (config.number("pretraining_tp", 1) !== 1)
    config.ignore(
      "pretraining_tp",
      "transformers does not read it; it says how the training was spread, the sums are the same",
    );
  config.ignore("dual_chunk_attention_config", "transformers does not read it; attention is whole");
  if (family.partialRotary === undefined) config.expect("partial_rotary_factor", 1);
  const heads = config.integer("num_attention_heads");
  const hidden = config.integer("hidden_size");
  const kvHeads = config.integer(
    "num_key_value_heads",
    config.has("num_key_value_heads") ? heads : (defaults.kvHeads ?? heads),
  );
  const headDim = config.integer("head_dim", defaults.headDim ?? hidden / heads);
  const layers = config.integer("num_hidden_layers");
  const windows = family.windows ?? Array.from({ length: layers }, () => null);
  const rotaryDim = Math.floor(headDim * (family.partialRotary ?? 1));
  if (heads % kvHeads !== 0)
    config.fail("num_key_value_heads", `${kvHeads} does not divide the ${heads} attention heads`);
  if (rotaryDim % 2 !== 0) config.fail("head_dim", `must be even for rotary embedding, found ${rotaryDim}`);
  expectLayerTypes(config, windows);
  const vocab = config.integer("vocab_size");
  const maxPositions = config.integer("max_position_embeddings", defaults.maxPositions);
  const rmsEpsilon = config.number("rms_norm_eps", defaults.rmsEpsilon ?? 1e-6);
  if (!(rmsEpsilon >= 0 && Number.isFinite(Math.fround(rmsEpsilon))))
    config.fail("rms_norm_eps", `must be a small number, not below zero, found ${rmsEpsilon}`);
  return {
    modelType: family.modelType,
    layers,
    heads,
    kvHeads,
    headDim,
    hidden,
    intermediate: config.integer("intermediate_size"),
    vocab,
    rmsEpsilon,
    tied: config.boolean("tie_word_embeddings", false),
    bias: family.bias,
    headNorm: family.headNorm ?? false,
    fused: family.fused ?? false,
    rotaryDim,
    windows,
    experts: family.experts ?? null,
    rope: ropeConfig(config, rotaryDim, maxPositions, family.rope),
    maxPositions,
    bosId: config.integers("bos_token_id")[0],
    eosIds: config.has("eos_token_id")
      ? config.integers("eos_token_id")
      : [defaults.eosId].filter((id) => id !== undefined && id < vocab).map(Number),
  };
};
