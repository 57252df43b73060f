/** Mistral (HF `MistralForCausalLM`): Llama without biases; a sliding window, where set, on every layer. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";
import { slidingWindows } from "./windows.ts";

export const decodeMistral = (config: ConfigReader): DecoderConfig =>
  decodeShared(config, {
    modelType: "mistral",
    bias: { qkv: false, o: false, mlp: false },
    windows: slidingWindows(config, () => true),
  });
