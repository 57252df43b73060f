/**
 * Qwen2, Qwen3 and Qwen3-MoE (HF `Qwen2ForCausalLM`, `Qwen3ForCausalLM`, `Qwen3MoeForCausalLM`): biases on q, k, v in the
 * first, normed heads in the others, routed experts in the last.
 */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";
import { slidingWindows } from "./windows.ts";

/** The window acts only when switched on, and only from layer `max_window_layers`. */
const windows = (config: ConfigReader): DecoderConfig["windows"] => {
  const on = config.boolean("use_sliding_window", false);
  const from = config.number("max_window_layers", 0);
  return slidingWindows(config, (layer) => on && layer >= from);
};

export const decodeQwen2 = (config: ConfigReader): DecoderConfig =>
  decodeShared(config, { modelType: "qwen2", bias: { qkv: true, o: false, mlp: false }, windows: windows(config) });

const decodeNormed = (config: ConfigReader, modelType: string, experts: DecoderConfig["experts"]): DecoderConfig => {
  const attention = config.boolean("attention_bias", false);
  return decodeShared(config, {
    modelType,
    bias: { qkv: attention, o: attention, mlp: false },
    headNorm: true,
    windows: windows(config),
    experts,
  });
};

export const decodeQwen3 = (config: ConfigReader): DecoderConfig => decodeNormed(config, "qwen3", null);

export const decodeQwen3Moe = (config: ConfigReader): DecoderConfig => {
  config.expect("decoder_sparse_step", 1);
  config.expectEmpty("mlp_only_layers");
  const count = config.optionalInteger("num_experts") ?? config.integer("num_local_experts");
  const perToken = config.integer("num_experts_per_tok");
  if (perToken > count) config.fail("num_experts_per_tok", `${perToken} is more than the ${count} experts`);
  return decodeNormed(config, "qwen3_moe", {
    count,
    perToken,
    intermediate: config.integer("moe_intermediate_size"),
    normalised: config.boolean("norm_topk_prob", false),
  });
};
