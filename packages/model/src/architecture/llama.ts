/** Llama (HF `LlamaForCausalLM`): the block that the other families vary. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";

/** The decoder that a Llama `config.json` describes. Throws `CheckpointError` for what it cannot be. */
export const decodeLlama = (config: ConfigReader): DecoderConfig => {
  const attention = config.boolean("attention_bias", false);
  return decodeShared(config, {
    modelType: "llama",
    bias: { qkv: attention, o: attention, mlp: config.boolean("mlp_bias", false) },
    defaults: { maxPositions: 2048, eosId: 2 },
  });
};
