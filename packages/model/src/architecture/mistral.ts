/** Mistral (HF `MistralForCausalLM`): Llama without biases; a sliding window, unless null, on every layer. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";
import { windowEverywhere } from "./windows.ts";

export const decodeMistral = (config: ConfigReader): DecoderConfig => {
  config.ignore("use_sliding_window", "transformers does not read it for mistral; sliding_window alone decides");
  return decodeShared(config, {
    modelType: "mistral",
    bias: { qkv: false, o: false, mlp: false },
    windows: windowEverywhere(config, 4096),
    defaults: { maxPositions: 131_072, kvHeads: 8, eosId: 2 },
  });
};
