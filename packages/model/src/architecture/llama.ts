/** The Llama family: decode its `config.json` and name its tensors (HF `LlamaForCausalLM`). */
import type { DecoderConfig, RopeScaling } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";

/** Keys that change the mathematics, with the only value this decoder computes. */
const FIXED = { hidden_act: "silu", pretraining_tp: 1 } as const;

export const decodeLlama = (config: ConfigReader): DecoderConfig => {
  for (const [key, value] of Object.entries(FIXED)) config.expect(key, value);
  const heads = config.integer("num_attention_heads");
  const hidden = config.integer("hidden_size");
  const attentionBias = config.boolean("attention_bias", false);
  const eos = config.integers("eos_token_id");
  return {
    modelType: "llama",
    layers: config.integer("num_hidden_layers"),
    heads,
    kvHeads: config.integer("num_key_value_heads", heads),
    headDim: config.integer("head_dim", hidden / heads),
    hidden,
    intermediate: config.integer("intermediate_size"),
    vocab: config.integer("vocab_size"),
    rmsEpsilon: config.number("rms_norm_eps", 1e-6),
    tied: config.boolean("tie_word_embeddings", false),
    bias: { qkv: attentionBias, o: attentionBias, mlp: config.boolean("mlp_bias", false) },
    rope: { theta: config.rope("rope_theta", 10_000), scaling: ropeScaling(config) },
    maxPositions: config.integer("max_position_embeddings", 2048),
    bosId: config.integers("bos_token_id")[0],
    eosIds: eos,
  };
};

const ropeScaling = (config: ConfigReader): RopeScaling => {
  const type = config.ropeType();
  const number = (key: string) => config.rope(key, undefined);
  switch (type) {
    case "default":
      return { type };
    case "linear":
      return { type, factor: number("factor") };
    case "llama3":
      return {
        type,
        factor: number("factor"),
        lowFreqFactor: number("low_freq_factor"),
        highFreqFactor: number("high_freq_factor"),
        originalMaxPositions: number("original_max_position_embeddings"),
      };
    default:
      return config.unsupported("rope_scaling", `rope type "${type}"`, "default, linear, llama3");
  }
};
