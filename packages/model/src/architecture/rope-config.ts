/** Rotary settings of a `config.json`: kind of scaling with its parameters and their defaults (HF `modeling_rope_utils`). */
import type { RopeConfig, RopeScaling } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";

/** How a family reads its rotary settings. */
export interface RopeRules {
  /** Default of `original_max_position_embeddings` at the top of the file; elsewhere the rotary settings say it. */
  readonly originalMaxPositions?: number;
  /** Older names of a kind: what the file says, and what it means. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Kinds that the family has, where not all. */
  readonly types?: ReadonlyArray<string>;
}

const TYPES = ["default", "linear", "llama3", "yarn", "longrope"];

/** `rotaryDim`: rotated dimensions of a head; longrope lists one factor per pair of them; `maxPositions`: the model's limit. */
export const ropeConfig = (
  config: ConfigReader,
  rotaryDim: number,
  maxPositions: number,
  rules: RopeRules = {},
): RopeConfig => {
  if (config.ropeHas("rope_theta") && config.optionalRope("rope_theta") === undefined)
    config.fail("rope_theta", "must be a positive number, found null", "leave it out for 10000, or write the number");
  return { theta: config.rope("rope_theta", 10_000), scaling: scalingOf(config, rotaryDim, maxPositions, rules) };
};

const scalingOf = (
  config: ConfigReader,
  rotaryDim: number,
  maxPositions: number,
  { originalMaxPositions, aliases = {}, types = TYPES }: RopeRules,
): RopeScaling => {
  const named = config.ropeType();
  const type = Object.hasOwn(aliases, named) ? (aliases[named] as string) : named;
  const number = (key: string, fallback?: number) => config.rope(key, fallback);
  // The length at the top of the file goes before that of the rotary settings, as in transformers.
  const original = () => {
    const inSettings = config.optionalRope("original_max_position_embeddings") ?? maxPositions;
    return config.optionalInteger("original_max_position_embeddings") ?? originalMaxPositions ?? (inSettings as number);
  };
  if (!types.includes(type)) return config.unsupported("rope_scaling", `rope type "${named}"`, types.join(", "));
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
        originalMaxPositions: original(),
      };
    case "yarn":
      return yarn(config, original(), maxPositions);
    case "longrope": {
      const length = original();
      const ratio = number("factor", maxPositions / length);
      return {
        type,
        shortFactor: config.ropeList("short_factor", rotaryDim / 2),
        longFactor: config.ropeList("long_factor", rotaryDim / 2),
        originalMaxPositions: length,
        attentionFactor: number("attention_factor", ratio <= 1 ? 1 : Math.sqrt(1 + Math.log(ratio) / Math.log(length))),
      };
    }
    default:
      return config.unsupported("rope_scaling", `rope type "${named}"`, types.join(", "));
  }
};

/** Growth of cos and sin with the stretch, weighted. */
const scaleOf = (factor: number, weight = 1): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);

const yarn = (config: ConfigReader, originalMaxPositions: number, maxPositions: number): RopeScaling => {
  const stated = config.ropeHas("factor") ? config.optionalRope("factor") : config.rope("factor", undefined);
  const factor = stated ?? maxPositions / originalMaxPositions;
  const [scale, scaleAll] = ["mscale", "mscale_all_dim"].map((key) => config.optionalRope(key));
  const both = scale !== undefined && scaleAll !== undefined;
  if (!both && (scale ?? scaleAll) !== undefined)
    config.notices.push(
      "one of rope_scaling's mscale and mscale_all_dim changes nothing: transformers reads both or none",
    );
  const attentionFactor = config.rope(
    "attention_factor",
    both ? scaleOf(factor, scale) / scaleOf(factor, scaleAll) : scaleOf(factor),
  );
  config.ignoreRotary(
    "attn_factor",
    (value) =>
      `transformers does not read it for rope type "yarn"; cos and sin are multiplied by ${attentionFactor.toFixed(4)}${
        Math.abs(value * attentionFactor - 1) < 1e-3
          ? ", and the two make 1: the authors may have meant no scaling"
          : ""
      }`,
  );
  return {
    type: "yarn",
    factor,
    betaFast: config.optionalRope("beta_fast") ?? 32,
    betaSlow: config.optionalRope("beta_slow") ?? 1,
    originalMaxPositions,
    truncate: config.ropeFlag("truncate", true),
    attentionFactor,
  };
};
