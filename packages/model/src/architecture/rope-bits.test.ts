/**
 * Rotary frequencies and attention factors equal to the bit to those of transformers 5.18 on torch 2.13 (CPU with AVX-512, which
 * decides what the vector loop leaves to the C library where half a head is no multiple of 32). Recorded: sha256 over the f32 bytes.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ConfigReader } from "./config-reader.ts";
import { decodeLlama } from "./llama.ts";
import { decodePhi3 } from "./phi3.ts";
import { attentionFactor, inverseFrequencies } from "./rope.ts";

const DIMS = [64, 80, 96, 128, 256];
const THETAS = [1e4, 5e5, 1e6, 5e6, 1e7];

const digest = (tables: ReadonlyArray<Float64Array>): string => {
  const hash = createHash("sha256");
  for (const table of tables) hash.update(new Uint8Array(Float32Array.from(table).buffer));
  return hash.digest("hex").slice(0, 16);
};
const sizes = { num_attention_heads: 2, num_hidden_layers: 1, intermediate_size: 1, vocab_size: 1 };

/** Each over all widths of a head and all thetas. */
const KINDS: ReadonlyArray<readonly [kind: string, settings: object | null, digest: string, attention: number]> = [
  ["default", null, "9c30a3a96cfa5327", 1.0],
  ["linear 2.5", { type: "linear", factor: 2.5 }, "e61a1c2e780a06fc", 1.0],
  [
    "llama3 8",
    {
      rope_type: "llama3",
      factor: 8.0,
      low_freq_factor: 1.0,
      high_freq_factor: 4.0,
      original_max_position_embeddings: 8192,
    },
    "2fb458ccff3b3d39",
    1.0,
  ],
  [
    "llama3 32",
    {
      rope_type: "llama3",
      factor: 32.0,
      low_freq_factor: 1.0,
      high_freq_factor: 4.0,
      original_max_position_embeddings: 5000,
    },
    "0974a88a259d3276",
    1.0,
  ],
  [
    "yarn 2",
    { type: "yarn", factor: 2.0, original_max_position_embeddings: 32768 },
    "cdc2998dcb31ebd3",
    1.0693147180559945,
  ],
  [
    "yarn 4",
    { type: "yarn", factor: 4.0, original_max_position_embeddings: 32768 },
    "492f572ea0e87ad3",
    1.138629436111989,
  ],
  [
    "yarn 8",
    { type: "yarn", factor: 8.0, original_max_position_embeddings: 32768 },
    "8da53ea9641e23b7",
    1.2079441541679836,
  ],
  [
    "yarn 40",
    { type: "yarn", factor: 40.0, original_max_position_embeddings: 32768 },
    "a5ae938f4100ae83",
    1.3688879454113936,
  ],
  [
    "yarn 4, mscale",
    { rope_type: "yarn", factor: 4.0, original_max_position_embeddings: 4096, mscale: 1.0, mscale_all_dim: 7.07e-1 },
    "d436574a57e13c2b",
    1.036992729910394,
  ],
  [
    "yarn 40, mscale",
    { rope_type: "yarn", factor: 40.0, original_max_position_embeddings: 4096, mscale: 7.07e-1, mscale_all_dim: 1.3 },
    "e6729890da835783",
    0.8521510516131852,
  ],
  [
    "yarn 4, not truncated",
    { rope_type: "yarn", factor: 4.0, original_max_position_embeddings: 8192, truncate: false },
    "3df2ee8a735078cf",
    1.138629436111989,
  ],
  [
    "yarn 8, ramp",
    { rope_type: "yarn", factor: 8.0, original_max_position_embeddings: 4096, beta_fast: 16, beta_slow: 2 },
    "775788ee298b1a27",
    1.2079441541679836,
  ],
];

/** Width of a head, rotated share, positions, original positions; digests of the short and the long list. */
const LONG: ReadonlyArray<
  readonly [string, number, number, number, number, short: string, long: string, attention: number]
> = [
  ["Phi-3-mini-128k", 96, 1.0, 131072, 4096, "a1ec634b479596fd", "29f170b19554d107", 1.1902380714238083],
  ["Phi-4-mini", 128, 0.75, 131072, 4096, "a1ec634b479596fd", "29f170b19554d107", 1.1902380714238083],
  ["tiny", 64, 1.0, 16384, 4096, "a83f74bca4367ec6", "b97bca9ad6f678ea", 1.0801234497346435],
];

describe("rotary frequencies equal to the bit", () => {
  it.each(KINDS)("%s", (_, rope_scaling, recorded, attention) => {
    const ropes = THETAS.flatMap((rope_theta) =>
      DIMS.map((head_dim) => {
        const json = { ...sizes, hidden_size: 2 * head_dim, head_dim, max_position_embeddings: 131_072 };
        return decodeLlama(new ConfigReader("config.json", { ...json, rope_theta, rope_scaling })).rope;
      }),
    );
    expect(digest(ropes.map((rope, i) => inverseFrequencies(rope, DIMS[i % DIMS.length] as number)))).toBe(recorded);
    for (const rope of ropes) expect(attentionFactor(rope)).toBe(attention);
  });

  it.each(LONG)("longrope of %s", (_, head, share, max_position_embeddings, original, short, long, attention) => {
    const pairs = (head * share) / 2;
    const config = (type: string) =>
      decodePhi3(
        new ConfigReader("config.json", {
          ...sizes,
          ...{ hidden_size: 2 * head, max_position_embeddings, partial_rotary_factor: share },
          original_max_position_embeddings: original,
          rope_scaling: {
            type,
            short_factor: Array.from({ length: pairs }, (_, i) => 1 + (((i * 37) % 11) / 100) * (i / pairs)),
            long_factor: Array.from({ length: pairs }, (_, i) => 1 + ((i * 53) % 17) / 7 + (40 * i) / pairs),
          },
        }),
      );
    const { rope, rotaryDim } = config("longrope");
    expect(digest([inverseFrequencies(rope, rotaryDim)])).toBe(short);
    expect(digest([inverseFrequencies(rope, rotaryDim, true)])).toBe(long);
    expect(attentionFactor(rope)).toBe(attention);
    expect(config("su").rope).toEqual(rope);
  });
});
