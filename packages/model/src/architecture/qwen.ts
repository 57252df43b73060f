/** Qwen2 and Qwen3 (HF `Qwen2ForCausalLM`, `Qwen3ForCausalLM`): biases on q, k, v in the one, normed heads in the other. */
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

export const decodeQwen3 = (config: ConfigReader): DecoderConfig => {
  const attention = config.boolean("attention_bias", false);
  return decodeShared(config, {
    modelType: "qwen3",
    bias: { qkv: attention, o: attention, mlp: false },
    headNorm: true,
    windows: windows(config),
  });
};
