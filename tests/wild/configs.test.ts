/** config.json files as they are found, small: what is read from each, what is left aside and said, what is refused and how. */
import { describe, expect, it } from "vitest";
import { examineConfig } from "../../packages/model/src/architecture/index.ts";
import { CheckpointError } from "../../packages/model/src/errors.ts";
import { tempFolder, writeFiles } from "../support/checkpoint-folder.ts";

type Json = Record<string, unknown>;

const sizes = {
  ...{ hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2 },
  ...{ vocab_size: 320, head_dim: 16, hidden_act: "silu", max_position_embeddings: 131_072 },
};
const examine = (config: Json | string) => {
  const folder = tempFolder();
  writeFiles(folder, { "config.json": config });
  return examineConfig(folder);
};
const of = (model_type: string, keys: Json = {}) => examine({ ...sizes, model_type, ...keys });
const refusal = (run: () => unknown): CheckpointError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};
const FAMILIES = ["llama", "mistral", "phi3", "qwen2", "qwen3", "qwen3_moe"];

describe("keys that change nothing", () => {
  it.each<[key: string, value: unknown]>([
    ["_attn_implementation_autoset", true],
    ["_flash_attn_2_enabled", true],
    ["_attn_implementation", "flash_attention_2"],
    ["_experts_implementation", "grouped_mm"],
    ["_anything_with_attention_bias", 3],
    ["attn_implementation", "sdpa"],
    ["experts_implementation", "eager"],
    ["use_flash_attn", true],
    ["use_flash_attention_2", true],
    ["flash_attn_version", 2],
    ["attention_dropout", 0.1],
    ["attention_probs_dropout_prob", 0.1],
    ["attn_pdrop", 0.1],
    ["resid_pdrop", 0.1],
    ["expert_dropout", 0.1],
    ["initializer_range", 0.02],
    ["initializer_scale", 2],
    ["rescale_init", true],
    ["router_aux_loss_coef", 0.001],
    ["router_z_loss_coef", 0.001],
    ["output_attentions", true],
    ["output_router_logits", true],
    ["output_hidden_states", true],
    ["use_cache", false],
    ["gradient_checkpointing", true],
    ["chunk_size_feed_forward", 0],
    ["softmax_in_fp32", true],
    ["attention_softmax_in_fp32", true],
    ["residual_in_fp32", true],
    ["torch_dtype", "bfloat16"],
    ["renormalize_logits", true],
    ["repetition_penalty", 1.1],
    ["id2label", { "0": "LABEL_0" }],
    ["problem_type", null],
    ["ffn_dim_multiplier", 1.3],
    ["hidden_activation", "silu"],
    ["rms_norm", true],
    ["use_rope", true],
    ["is_causal", true],
    ["attn_logit_softcapping", 0],
    ["logit_scale", 1],
    ["rope_interleaved", false],
    ["quantization_config", null],
    ["unsloth_fixed", true],
  ])("%s %j is taken by every family", (key, value) => {
    for (const family of FAMILIES) expect(of(family, { [key]: value }), family).toEqual({ ...of(family), notices: [] });
  });
});

describe("keys that transformers leaves aside are said", () => {
  const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32_768 };
  it.each<[family: string, keys: Json, notice: RegExp]>([
    [
      "qwen3",
      { rope_scaling: { ...yarn, attn_factor: 0.8782488562869419 } },
      /^rope_scaling\.attn_factor 0\.878\d+ changes nothing: .*multiplied by 1\.1386, and the two make 1/,
    ],
    ["qwen2", { rope_scaling: { ...yarn, finetuned: true } }, /^rope_scaling\.finetuned true .* rope type "yarn"$/],
    ["qwen2", { rope_scaling: { ...yarn, mscale: 0.7 } }, /mscale and mscale_all_dim changes nothing/],
    ["llama", { rope_parameters: { factor: 4 } }, /^rope_parameters\.factor 4 changes nothing.*rope type "default"/],
    ["llama", { rope_scaling: { type: "linear", factor: 2, beta_fast: 16 } }, /beta_fast 16 .*"linear"/],
    [
      "llama",
      { rope_scaling: { type: "linear", factor: 2 }, rope_parameters: { rope_type: "default" } },
      /^rope_parameters is left aside/,
    ],
    ["qwen2", { attention_bias: true }, /^attention_bias true changes nothing.*q, k and v always have biases/],
    ["qwen2", { attention_bias: false }, /^attention_bias false changes nothing/],
    ["llama", { pretraining_tp: 2 }, /^pretraining_tp 2 changes nothing/],
    [
      "qwen2",
      { dual_chunk_attention_config: { chunk_size: 262_144, local_size: 8192 } },
      /^dual_chunk_attention_config .* changes nothing/,
    ],
    ["mistral", { use_sliding_window: false }, /^use_sliding_window false changes nothing/],
    [
      "phi3",
      {
        auto_map: {
          AutoConfig: "configuration_phi3.Phi3Config",
          AutoModelForCausalLM: "modeling_phi3.Phi3ForCausalLM",
        },
      },
      /own code \(modeling_phi3\.Phi3ForCausalLM\), which is not run/,
    ],
  ])("%s with %j", (family, keys, notice) => {
    expect(of(family, keys).notices).toEqual([expect.stringMatching(notice)]);
  });

  it("a plain file has nothing to say", () => {
    for (const family of FAMILIES) expect(of(family).notices).toEqual([]);
    expect(of("qwen3", { auto_map: { AutoConfig: "configuration.X" }, rope_scaling: yarn }).notices).toEqual([]);
  });
});

describe("absent keys have transformers' defaults", () => {
  const bare = { hidden_size: 8192, intermediate_size: 96, num_hidden_layers: 30, num_attention_heads: 32 };
  const read = (model_type: string, keys: Json = {}) =>
    examine({ ...bare, vocab_size: 40_000, model_type, ...keys }).config;
  const full = new Array<number | null>(30).fill(null);
  const common = { tied: false, rope: { theta: 10_000, scaling: { type: "default" } }, bosId: undefined };
  const no = { qkv: false, o: false, mlp: false };

  it.each<[family: string, expected: Json]>([
    [
      "llama",
      { rmsEpsilon: 1e-6, kvHeads: 32, headDim: 256, maxPositions: 2048, eosIds: [2], windows: full, bias: no },
    ],
    [
      "mistral",
      {
        ...{ rmsEpsilon: 1e-6, kvHeads: 8, headDim: 256, maxPositions: 131_072, eosIds: [2], bias: no },
        windows: full.map(() => 4096),
      },
    ],
    [
      "phi3",
      {
        ...{
          rmsEpsilon: 1e-5,
          kvHeads: 32,
          headDim: 256,
          rotaryDim: 256,
          maxPositions: 4096,
          eosIds: [32_000],
          bias: no,
        },
        windows: full,
      },
    ],
    [
      "qwen2",
      {
        ...{ rmsEpsilon: 1e-6, kvHeads: 32, headDim: 256, maxPositions: 32_768, eosIds: [], windows: full },
        bias: { qkv: true, o: false, mlp: false },
      },
    ],
    [
      "qwen3",
      { rmsEpsilon: 1e-6, kvHeads: 32, headDim: 128, maxPositions: 32_768, eosIds: [], windows: full, bias: no },
    ],
    [
      "qwen3_moe",
      {
        ...{ rmsEpsilon: 1e-6, kvHeads: 4, headDim: 256, maxPositions: 32_768, eosIds: [], windows: full, bias: no },
        experts: { count: 128, perToken: 8, intermediate: 768, normalised: false },
      },
    ],
  ])("%s", (family, expected) => {
    expect(read(family)).toMatchObject({ ...common, ...expected });
  });

  it("null is no absence: as many key heads as heads, no window, no end token", () => {
    for (const family of FAMILIES) {
      const keys = { num_key_value_heads: null, sliding_window: null, eos_token_id: null };
      expect(read(family, keys)).toMatchObject({ kvHeads: 32, windows: full, eosIds: [] });
    }
  });

  it.each<[family: string, keys: Json, windows: ReadonlyArray<number | null>]>([
    ["qwen2", { use_sliding_window: true, sliding_window: 8 }, full.map((_, i) => (i < 28 ? null : 8))],
    ["qwen3", { use_sliding_window: true }, full.map((_, i) => (i < 28 ? null : 4096))],
    [
      "qwen3",
      { use_sliding_window: true, sliding_window: 8, max_window_layers: 1 },
      full.map((_, i) => (i < 1 ? null : 8)),
    ],
    ["qwen2", { use_sliding_window: true, sliding_window: null, max_window_layers: 0 }, full],
    ["qwen2", { use_sliding_window: false, sliding_window: 8, max_window_layers: 0 }, full],
    ["qwen3_moe", { use_sliding_window: true, sliding_window: 8, max_window_layers: 20 }, full.map(() => 8)],
    ["mistral", { sliding_window: 8 }, full.map(() => 8)],
    ["phi3", { sliding_window: 2047 }, full.map(() => 2047)],
    ["llama", { layer_types: full.map(() => "full_attention") }, full],
    [
      "qwen3",
      {
        ...{ use_sliding_window: true, sliding_window: 8 },
        layer_types: full.map((_, i) => (i % 2 === 0 ? "sliding_attention" : "full_attention")),
      },
      full.map((_, i) => (i % 2 === 0 ? 8 : null)),
    ],
  ])("windows of %s with %j", (family, keys, windows) => {
    expect(read(family, keys).windows).toEqual(windows);
  });
});

describe("rotary settings in every spelling", () => {
  const lists = { short_factor: new Array(8).fill(1.1), long_factor: new Array(8).fill(3) };
  const long = { type: "longrope", shortFactor: lists.short_factor, longFactor: lists.long_factor };
  const yarn = { type: "yarn", factor: 4, betaFast: 32, betaSlow: 1, originalMaxPositions: 32_768, truncate: true };
  const attention = 0.1 * Math.log(4) + 1;
  it.each<[family: string, keys: Json, rope: Json]>([
    ["llama", { rope_scaling: null, rope_theta: 5e5 }, { theta: 5e5, scaling: { type: "default" } }],
    ["llama", { rope_scaling: {}, rope_parameters: { rope_theta: 7 } }, { theta: 7, scaling: { type: "default" } }],
    ["llama", { rope_theta: 1, rope_parameters: { rope_theta: 5e5 } }, { theta: 5e5, scaling: { type: "default" } }],
    ["llama", { rope_scaling: { type: "default" } }, { theta: 1e4, scaling: { type: "default" } }],
    [
      "qwen2",
      { rope_theta: 1e6, rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 32_768 } },
      { theta: 1e6, scaling: { ...yarn, attentionFactor: attention } },
    ],
    [
      "qwen2",
      { rope_parameters: { rope_type: "yarn", factor: 4, rope_theta: 1e6, original_max_position_embeddings: 32_768 } },
      { theta: 1e6, scaling: { ...yarn, attentionFactor: attention } },
    ],
    [
      "qwen3",
      { rope_scaling: { type: "yarn", factor: 4, truncate: false, beta_fast: 16 } },
      {
        theta: 1e4,
        scaling: { ...yarn, betaFast: 16, originalMaxPositions: 131_072, truncate: false, attentionFactor: attention },
      },
    ],
    [
      "llama", // the length at the top of the file goes first
      {
        original_max_position_embeddings: 16_384,
        rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 8192, mscale: 1, mscale_all_dim: 1 },
      },
      { theta: 1e4, scaling: { ...yarn, originalMaxPositions: 16_384, attentionFactor: 1 } },
    ],
    [
      "phi3",
      { rope_scaling: { type: "su", ...lists }, original_max_position_embeddings: 8192 },
      {
        theta: 1e4,
        scaling: { ...long, originalMaxPositions: 8192, attentionFactor: Math.sqrt(1 + Math.log(16) / Math.log(8192)) },
      },
    ],
    [
      "phi3",
      { rope_scaling: { rope_type: "longrope", ...lists } },
      {
        theta: 1e4,
        scaling: { ...long, originalMaxPositions: 4096, attentionFactor: Math.sqrt(1 + Math.log(32) / Math.log(4096)) },
      },
    ],
  ])("%s with %j", (family, keys, rope) => {
    expect(of(family, keys).config.rope).toEqual(rope);
  });
});

describe("what changes the maths is refused by name", () => {
  it.each<[family: string, keys: Json, place: string, message: RegExp]>([
    ["llama", { attention_bias: true, attention_output_multiplier: 0.5 }, "attention_output_multiplier", /0\.5 is not/],
    ["mistral", { attention_bias: true }, "attention_bias", /true is not computed for model_type "mistral"/],
    ["llama", { use_rope: false }, "use_rope", /false is not computed/],
    ["qwen2", { is_causal: false }, "is_causal", /false is not computed/],
    ["llama", { position_embedding_type: "alibi" }, "position_embedding_type", /"alibi" is not/],
    ["llama", { per_layer_config: [{ head_dim: 8 }] }, "per_layer_config", /is not computed/],
    ["llama", { block_configs: [{}] }, "block_configs", /is not computed/],
    ["llama", { layer_norm_eps: 1e-3 }, "layer_norm_eps", /is not computed/],
    ["qwen2", { moe_intermediate_size: 8 }, "moe_intermediate_size", /is not computed/],
    ["qwen2", { use_mrope: true }, "use_mrope", /is not computed/],
    ["qwen3", { rope_scaling: { type: "mrope", mrope_section: [1, 2] } }, "rope_scaling", /rope type "mrope"/],
    ["llama", { rope_scaling: { type: "su", factor: 2 } }, "rope_scaling", /rope type "su" is not supported/],
    ["phi3", { rope_scaling: { type: "linear", factor: 2 } }, "rope_scaling", /supported: default, longrope/],
    ["llama", { rope_scaling: { type: "dynamic", factor: 2 } }, "rope_scaling", /rope type "dynamic"/],
    ["llama", { rope_scaling: "yarn" }, "rope_scaling", /must be an object, found "yarn"/],
    ["llama", { rope_theta: null }, "rope_theta", /found null; leave it out/],
    ["llama", { rope_parameters: { full_attention: { rope_theta: 5e5 } } }, "full_attention", /is not computed/],
    ["mistral", { layer_types: ["full_attention"] }, "layer_types", /lists 1 layers, num_hidden_layers says 2/],
    ["qwen3", { layer_types: new Array(3).fill("full_attention") }, "layer_types", /lists 3 layers/],
    ["mistral", { layer_types: new Array(2).fill("full_attention") }, "layer_types", /does not read the list/],
    ["qwen2", { layer_types: ["sliding_attention", "full_attention"] }, "layer_types", /no window is switched on/],
    ["qwen3", { layer_types: ["linear_attention", "full_attention"] }, "layer_types", /"linear_attention" is not/],
    ["qwen3_moe", { mlp_only_layers: [0] }, "mlp_only_layers", /is not supported/],
  ])("%s with %j", (family, keys, place, message) => {
    const error = refusal(() => of(family, keys));
    expect([error.place, error.message]).toEqual([place, expect.stringMatching(message)]);
  });

  it.each<[keys: Json, method: string]>([
    [{ quantization_config: { quant_method: "awq", bits: 4, group_size: 128 } }, "AWQ, 4 bits"],
    [{ quantization_config: { quant_method: "gptq", bits: 8, desc_act: false } }, "GPTQ, 8 bits"],
    [{ quantization_config: { quant_method: "fp8", weight_block_size: [128, 128] } }, "FP8"],
    [{ quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } }, "bitsandbytes"],
    [{ quantization_config: { load_in_8bit: true } }, "bitsandbytes"],
    [{ quantization_config: { quant_method: "mxfp4" } }, "MXFP4"],
    [{ quantization_config: { quant_method: "compressed-tensors", format: "pack-quantized" } }, "compressed-tensors"],
    [{ compression_config: { quant_method: "compressed-tensors" } }, "compressed-tensors"],
    [{ quantization: { bits: 4, group_size: 64 }, quantization_config: { bits: 4, group_size: 64 } }, "MLX, 4 bits"],
    [{ quantization_config: { quant_method: "new-thing" } }, "new-thing"],
  ])("%j is named", (keys, method) => {
    for (const family of FAMILIES)
      expect(refusal(() => of(family, keys)).message).toContain(
        `weights quantised with ${method}; use the unquantised checkpoint`,
      );
  });
});

describe("JSON as Python writes it", () => {
  it("an unsupported type with Infinity in it is named", () => {
    const text = '{"model_type": "falcon_h1", "time_step_limit": [0.0, Infinity], "x": -Infinity, "y": NaN}';
    expect(refusal(() => examine(text)).message).toMatch(/"falcon_h1" is not supported; supported: llama, mistral/);
  });

  it("numbers beyond numbers are named where one is needed", () => {
    const text = (eps: string) =>
      JSON.stringify({ ...sizes, model_type: "llama", rms_norm_eps: 7 }).replace(":7", `:${eps}`);
    for (const eps of ["NaN", "Infinity", "-Infinity"])
      expect(refusal(() => examine(text(eps))).message).toContain(`must be a number, found ${eps}`);
  });

  it("the words inside texts stay texts", () => {
    const { config } = examine(
      `{"a": "NaN, \\"Infinity\\" and -Infinity", "b": NaN, ${JSON.stringify({ ...sizes, model_type: "llama" }).slice(1)}`,
    );
    expect(config.modelType).toBe("llama");
    expect(refusal(() => examine('{"a": Infinit}')).message).toContain("is not JSON");
  });

  it.each<[keys: Json, message: RegExp]>([
    [{ architectures: ["Qwen2ForCausalLM"] }, /model_type\): is missing.*mean "model_type": "qwen2"; add that line/],
    [{ architectures: ["Other"] }, /model_type\): is missing.*supported: llama, mistral/],
    [{ model_type: null }, /model_type\): is missing/],
  ])("without a type: %j", (keys, message) => {
    expect(refusal(() => examine({ ...sizes, ...keys })).message).toMatch(message);
  });
});
