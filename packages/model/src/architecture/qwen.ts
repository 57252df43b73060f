/**
 * Qwen2, Qwen3 and Qwen3-MoE (HF `Qwen2ForCausalLM`, `Qwen3ForCausalLM`, `Qwen3MoeForCausalLM`): biases on q, k, v in the
 * first, normed heads in the others, routed experts in the last.
 */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared, type Family, type FamilyDefaults } from "./shared.ts";
import { slidingWindows, switchedWindow } from "./windows.ts";

/** The window acts only when switched on, and only from layer `max_window_layers`, or where `layer_types` says so. */
const windows = (config: ConfigReader): DecoderConfig["windows"] => {
  const from = config.number("max_window_layers", 28);
  return slidingWindows(config, switchedWindow(config), (layer) => layer >= from);
};

const DEFAULTS: FamilyDefaults = { maxPositions: 32_768, kvHeads: 32 };

export const decodeQwen2 = (config: ConfigReader): DecoderConfig => {
  config.ignore(
    "attention_bias",
    "transformers does not read it for qwen2; q, k and v always have biases, the output has none",
  );
  config.expectOneOf("qkv_bias", [true]);
  return decodeShared(config, {
    modelType: "qwen2",
    bias: { qkv: true, o: false, mlp: false },
    windows: windows(config),
    defaults: DEFAULTS,
  });
};

const decodeNormed = (
  config: ConfigReader,
  family: Pick<Family, "modelType" | "windows" | "experts" | "defaults">,
): DecoderConfig => {
  const attention = config.boolean("attention_bias", false);
  return decodeShared(config, {
    ...family,
    bias: { qkv: attention, o: attention, mlp: false },
    headNorm: true,
  });
};

export const decodeQwen3 = (config: ConfigReader): DecoderConfig =>
  decodeNormed(config, { modelType: "qwen3", windows: windows(config), defaults: { ...DEFAULTS, headDim: 128 } });

export const decodeQwen3Moe = (config: ConfigReader): DecoderConfig => {
  config.expect("decoder_sparse_step", 1);
  config.expectEmpty("mlp_only_layers");
  const count = config.optionalInteger("num_experts") ?? config.integer("num_local_experts", 128);
  const perToken = config.integer("num_experts_per_tok", 8);
  if (perToken > count) config.fail("num_experts_per_tok", `${perToken} is more than the ${count} experts`);
  const window = switchedWindow(config);
  return decodeNormed(config, {
    modelType: "qwen3_moe",
    // every layer, from the first: this family knows no max_window_layers
    windows: Array.from({ length: config.integer("num_hidden_layers") }, () => window),
    experts: {
      count,
      perToken,
      intermediate: config.integer("moe_intermediate_size", 768),
      normalised: config.boolean("norm_topk_prob", false),
    },
    defaults: { ...DEFAULTS, kvHeads: 4 },
  });
};
