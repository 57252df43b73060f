/** Rotary settings of a `config.json`: kind of scaling with its parameters and their defaults (HF `modeling_rope_utils`). */
import type { RopeConfig, RopeScaling } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";

/** `rotaryDim`: rotated dimensions of a head; longrope lists one factor per pair of them. */
export const ropeConfig = (config: ConfigReader, rotaryDim: number): RopeConfig => ({
  theta: config.rope("rope_theta", 10_000),
  scaling: scalingOf(config, rotaryDim),
});

const scalingOf = (config: ConfigReader, rotaryDim: number): RopeScaling => {
  const type = config.ropeType();
  const number = (key: string, fallback?: number) => config.rope(key, fallback);
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
    case "yarn": {
      for (const key of ["mscale", "mscale_all_dim"]) config.expectAbsent(key);
      config.expect("truncate", true);
      const factor = number("factor");
      return {
        type,
        factor,
        betaFast: number("beta_fast", 32),
        betaSlow: number("beta_slow", 1),
        originalMaxPositions: number("original_max_position_embeddings", config.integer("max_position_embeddings")),
        attentionFactor: number("attention_factor", factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
      };
    }
    case "longrope": {
      const maxPositions = config.integer("max_position_embeddings");
      const original = number(
        "original_max_position_embeddings",
        config.number("original_max_position_embeddings", maxPositions),
      );
      const ratio = number("factor", maxPositions / original);
      return {
        type,
        shortFactor: config.ropeList("short_factor", rotaryDim / 2),
        longFactor: config.ropeList("long_factor", rotaryDim / 2),
        originalMaxPositions: original,
        attentionFactor: number(
          "attention_factor",
          ratio <= 1 ? 1 : Math.sqrt(1 + Math.log(ratio) / Math.log(original)),
        ),
      };
    }
    default:
      return config.unsupported("rope_scaling", `rope type "${type}"`, "default, linear, llama3, yarn, longrope");
  }
};
