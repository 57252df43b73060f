/** Phi-3 and Phi-4 (HF `Phi3ForCausalLM`): fused projections, rotation of a part of each head, longrope. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";
import { windowEverywhere } from "./windows.ts";

export const decodePhi3 = (config: ConfigReader): DecoderConfig => {
  config.ignore("use_sliding_window", "transformers does not read it for phi3; sliding_window alone decides");
  return decodeShared(config, {
    modelType: "phi3",
    bias: { qkv: false, o: false, mlp: false },
    fused: true,
    partialRotary: config.rope("partial_rotary_factor", config.number("partial_rotary_factor", 1)),
    windows: windowEverywhere(config, null),
    // "su" and "yarn" are what the first files of this family called longrope
    rope: {
      originalMaxPositions: 4096,
      aliases: { su: "longrope", yarn: "longrope" },
      types: ["default", "longrope"],
    },
    defaults: { maxPositions: 4096, rmsEpsilon: 1e-5, eosId: 32_000 },
  });
};
