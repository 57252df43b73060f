/** config.json: both spellings are read alike, and what this decoder does not compute is refused by name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder, writeFiles } from "../../../../tests/support/checkpoint-folder.ts";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { CheckpointError } from "../errors.ts";
import { readConfig } from "./index.ts";

const llama = JSON.parse(readFileSync(join(fixture("reference/llama-gqa"), "config.json"), "utf8")) as Record<
  string,
  unknown
>;

const read = (changes: Record<string, unknown> | string) => {
  const folder = tempFolder();
  writeFiles(folder, { "config.json": typeof changes === "string" ? changes : { ...llama, ...changes } });
  return readConfig(folder);
};
const refused = (changes: Record<string, unknown> | string): CheckpointError => {
  try {
    read(changes);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was refused");
};

describe("readConfig", () => {
  it("decodes what a Llama config says", () => {
    expect(read({})).toMatchObject({
      modelType: "llama",
      layers: 4,
      heads: 8,
      kvHeads: 2,
      headDim: 8,
      hidden: 64,
      intermediate: 160,
      vocab: 256,
      rmsEpsilon: 1e-5,
      tied: false,
      bias: { qkv: false, o: false, mlp: false },
      rope: {
        theta: 500_000,
        scaling: { type: "llama3", factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 64 },
      },
      maxPositions: llama["max_position_embeddings"],
      bosId: llama["bos_token_id"] ?? undefined,
      eosIds: [llama["eos_token_id"]].flat().filter((id) => id !== null && id !== undefined),
    });
  });

  it("reads both spellings of the rotary settings, and the older name of the type", () => {
    const scaling = { factor: 4, type: "linear" };
    const classic = read({ rope_theta: 1000, rope_scaling: scaling });
    const modern = read({
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_parameters: { rope_type: "linear", factor: 4, rope_theta: 1000 },
    });
    expect(classic.rope).toEqual({ theta: 1000, scaling: { type: "linear", factor: 4 } });
    expect(modern).toEqual(classic);
    expect(read({ rope_scaling: null }).rope.scaling).toEqual({ type: "default" });
  });

  it("fills in what may be left out", () => {
    const leftOut = Object.fromEntries(
      [
        "head_dim",
        "num_key_value_heads",
        "rope_theta",
        "rope_scaling",
        "tie_word_embeddings",
        "eos_token_id",
        "bos_token_id",
      ].map((k) => [k, undefined]),
    );
    expect(read(leftOut)).toMatchObject({
      headDim: 8,
      kvHeads: 8,
      tied: false,
      eosIds: [2], // transformers' own, where the key is absent
      bosId: undefined,
      rope: { theta: 10_000, scaling: { type: "default" } },
    });
    expect(read({ eos_token_id: [1, 5], attention_bias: true })).toMatchObject({
      eosIds: [1, 5],
      bias: { qkv: true, o: true, mlp: false },
    });
  });

  it.each<[what: string, changes: Record<string, unknown>, place: string, message: RegExp]>([
    ["an unsupported model", { model_type: "gpt2" }, "model_type", /"gpt2" is not supported; supported: .*llama/],
    [
      "a model type every object has",
      { model_type: "constructor" },
      "model_type",
      /"constructor" is not supported; supported: .*llama/,
    ],
    [
      "no model type",
      { model_type: undefined },
      "model_type",
      /is missing.*; its architectures mean "model_type": "llama"; add that line/,
    ],
    ["another activation", { hidden_act: "gelu" }, "hidden_act", /"gelu" is not supported; supported: "silu"/],
    [
      "partial rotation",
      { rope_scaling: null, rope_parameters: { partial_rotary_factor: 0.5 } },
      "partial_rotary_factor",
      /0\.5 is not supported/,
    ],
    [
      "unknown rotary scaling",
      { rope_scaling: { rope_type: "nonsense" } },
      "rope_scaling",
      /rope type "nonsense" is not supported; supported: default, linear/,
    ],
    [
      "rotary scaling without its factor",
      { rope_scaling: { rope_type: "linear" } },
      "rope.factor",
      /positive number, found undefined/,
    ],
    [
      "a rotary factor of 0",
      { rope_scaling: { rope_type: "linear", factor: 0 } },
      "rope.factor",
      /positive number, found 0/,
    ],
    ["a missing number", { num_hidden_layers: undefined }, "num_hidden_layers", /must be a number, found undefined/],
    ["a number as text", { hidden_size: "64" }, "hidden_size", /must be a number, found "64"/],
    ["a negative size", { vocab_size: -1 }, "vocab_size", /must be a positive integer, found -1/],
    ["a fractional size", { intermediate_size: 1.5 }, "intermediate_size", /must be a positive integer, found 1.5/],
    [
      "heads that do not divide the width",
      { head_dim: undefined, num_attention_heads: 6, num_key_value_heads: 2 },
      "head_dim",
      /positive integer, found 10\.6/,
    ],
    [
      "kv heads that do not divide the heads",
      { num_key_value_heads: 3 },
      "num_key_value_heads",
      /3 does not divide the 8 attention heads/,
    ],
    ["an odd head width", { head_dim: 7 }, "head_dim", /must be even/],
    ["a flag as text", { tie_word_embeddings: "yes" }, "tie_word_embeddings", /must be true or false, found "yes"/],
    ["an end token as text", { eos_token_id: "</s>" }, "eos_token_id", /must be token ids, found "<\/s>"/],
  ])("refuses %s", (_, changes, place, message) => {
    const error = refused(changes);
    expect(error.place).toBe(place);
    expect(error.message).toMatch(message);
    expect(error.file).toMatch(/config\.json$/);
  });

  const quantised = { quant_method: "awq", bits: 4 };
  it.each<[key: string, value: unknown]>([
    ["attn_logit_softcapping", 50],
    ["final_logit_softcapping", 30],
    ["query_pre_attn_scalar", 256],
    ["logit_scale", 0.0625],
    ["embedding_multiplier", 12],
    ["residual_multiplier", 0.22],
    ["attention_multiplier", 0.0156],
    ["attention_chunk_size", 8192],
    ["sliding_window", 4096],
    ["layer_types", ["full_attention", "sliding_attention", "full_attention", "full_attention"]],
    ["no_rope_layers", [1, 1, 1, 0]],
    ["qk_layernorm", true],
    ["use_qk_norm", true],
    ["clip_qkv", 8],
    ["alibi", true],
    ["partial_rotary_factor", 0.5],
    ["rotary_pct", 0.25],
    ["quantization_config", quantised],
    ["num_local_experts", 8],
    ["shared_expert_intermediate_size", 512],
    ["use_bidirectional_attention", true],
    ["layer_norm_eps", 1e-3],
  ])("refuses %s, which no adapter computes", (key, value) => {
    const error = refused({ [key]: value });
    expect(error.place).toBe(key);
    expect(error.message).toContain(`${JSON.stringify(value)} is not `);
  });

  it.each<[model: string, key: string, value: unknown]>([
    ["mistral", "attention_bias", true],
    ["mistral", "mlp_bias", true],
    ["mistral", "interleaved_sliding_window", 4096],
    ["qwen2", "mlp_bias", true],
    ["qwen2", "use_mrope", true],
    ["qwen2", "partial_rotary_factor", 0.5],
    ["qwen2", "num_experts", 60],
    ["qwen3", "norm_topk_prob", true],
    ["qwen3", "attn_logit_softcapping", 50],
    ["phi3", "attention_bias", true],
    ["phi3", "lm_head_bias", true],
  ])("refuses %s with %s", (model, key, value) => {
    expect(refused({ model_type: model, rope_scaling: null, [key]: value }).place).toBe(key);
  });

  it.each<[type: string]>([["dynamic"], ["su"], ["mrope"]])("refuses rotary scaling %s", (type) => {
    for (const rope of [{ rope_scaling: { type, factor: 2 } }, { rope_parameters: { rope_type: type, factor: 2 } }])
      expect(refused({ rope_scaling: null, ...rope }).message).toContain(`rope type "${type}" is not supported`);
  });

  it("refuses positions of several axes among the rotary settings", () => {
    for (const rope_type of ["default", "linear", "yarn"]) {
      const error = refused({ rope_scaling: { rope_type, factor: 2, mrope_section: [16, 24, 24] } });
      expect(error.place).toBe("mrope_section");
    }
  });

  it.each<[model: string, keys: Record<string, unknown>]>([
    [
      "llama",
      {
        attention_bias: false,
        attention_dropout: 0.1,
        initializer_range: 0.02,
        mlp_bias: false,
        pretraining_tp: 1,
        use_cache: true,
        attn_logit_softcapping: null,
        logit_scale: 1,
        layer_types: new Array(4).fill("full_attention"),
        _name_or_path: "x",
        _attn_implementation: "sdpa",
        unsloth_fixed: true,
      },
    ],
    ["mistral", { sliding_window: 4096, attention_dropout: 0.1 }],
    [
      "qwen2",
      {
        use_mrope: false,
        sliding_window: 4096,
        use_sliding_window: false,
        max_window_layers: 21,
        attention_dropout: 0.1,
      },
    ],
    ["qwen3", { attention_bias: false, max_window_layers: 36, sliding_window: null, use_sliding_window: false }],
    [
      "phi3",
      { auto_map: { AutoConfig: "x" }, embd_pdrop: 0.1, resid_pdrop: 0.1, attention_bias: false, full_attn_mod: 1 },
    ],
  ])("takes a %s config with keys that change nothing", (model, keys) => {
    const plain = read({ model_type: model, rope_scaling: null });
    expect(read({ model_type: model, rope_scaling: null, ...keys })).toEqual({
      ...plain,
      windows: keys["sliding_window"] === 4096 && model === "mistral" ? new Array(4).fill(4096) : plain.windows,
    });
  });

  it.each([
    ["no JSON", "{", /is not JSON/],
    ["null", "null", /is JSON, but no object/],
    ["a list", "[]", /is JSON, but no object/],
  ])("refuses %s", (_, text, message) => {
    expect(refused(text).message).toMatch(message);
  });

  it("refuses a folder without one", () => {
    expect(() => readConfig(tempFolder())).toThrow(/cannot be read.*point to a Hugging Face checkpoint folder/);
  });
});
