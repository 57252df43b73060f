/** Phi-3 and Phi-4 (HF `Phi3ForCausalLM`): fused projections, rotation of a part of each head, longrope. */
import type { DecoderConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";
import { decodeShared } from "./shared.ts";
import { slidingWindows } from "./windows.ts";

export const decodePhi3 = (config: ConfigReader): DecoderConfig =>
  decodeShared(config, {
    modelType: "phi3",
    bias: { qkv: false, o: false, mlp: false },
    fused: true,
    partialRotary: config.rope("partial_rotary_factor", config.number("partial_rotary_factor", 1)),
    windows: slidingWindows(config, () => true),
  });
