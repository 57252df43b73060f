/** Numbers of config.json: what no model has, and what the weights do not hold, is told before anything is made by it. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Checkpoint } from "../../packages/model/src/checkpoint.ts";
import { CheckpointError } from "../../packages/model/src/errors.ts";
import { writeSafetensors } from "../../packages/model/src/weights/safetensors.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const weights = new URL("../../packages/organism/weights/cliff/", import.meta.url).pathname;
const base = JSON.parse(readFileSync(join(weights, "config.json"), "utf8")) as Readonly<Record<string, unknown>>;

/** The text of a config.json, with words that JSON has no number for. */
const text = (changes: object): string =>
  JSON.stringify({ ...base, ...changes }, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? `#${value}#` : value,
  ).replaceAll(/"#(.*?)#"/g, "$1");
const folderOf = (changes: object, copy = true): string => {
  const folder = mkdtempSync(join(root, "c"));
  writeFileSync(join(folder, "config.json"), text(changes));
  if (copy) copyFileSync(join(weights, "model.safetensors"), join(folder, "model.safetensors"));
  return folder;
};
const refusal = (folder: string): { readonly place: string; readonly message: string } => {
  try {
    Checkpoint.open(folder);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    expect(error.file).toContain(folder);
    expect(error.message.length).toBeLessThan(1500);
    return { place: error.place, message: error.message };
  }
  return { place: "", message: "opened" };
};

const LONG = "x".repeat(100_000);

describe("a number that no model has", () => {
  it.each<[key: string, value: unknown, message: RegExp]>([
    ["num_hidden_layers", 1e9, /more than any model has, at most 10,000/],
    ["num_hidden_layers", 1e300, /more than any model has/],
    ["num_hidden_layers", 0, /must be a positive integer, found 0/],
    ["num_hidden_layers", -8, /must be a positive integer, found -8/],
    ["num_hidden_layers", 7.5, /must be a positive integer, found 7.5/],
    ["num_hidden_layers", Number.NaN, /must be a number, found NaN/],
    ["num_hidden_layers", "8", /must be a number, found "8"/],
    ["num_hidden_layers", 9, /says 9, the weights hold 8/],
    ["num_hidden_layers", 9999, /says 9999, the weights hold 8/],
    ["num_attention_heads", 1e9, /more than any model has/],
    ["num_attention_heads", 0, /positive integer/],
    ["num_attention_heads", Number.POSITIVE_INFINITY, /must be a number, found Infinity/],
    ["num_key_value_heads", 0, /positive integer/],
    ["num_key_value_heads", -2, /positive integer/],
    ["num_key_value_heads", 1.5, /positive integer/],
    ["num_key_value_heads", 3, /3 does not divide the 16 attention heads/],
    ["head_dim", 2.5, /positive integer/],
    ["hidden_size", 1e12, /more than any model has, at most 2,147,483,647/],
    ["hidden_size", Number.NaN, /must be a number/],
    ["intermediate_size", 1e12, /more than any model has/],
    ["vocab_size", 1e12, /more than any model has/],
    ["vocab_size", -1, /positive integer/],
    ["max_position_embeddings", 1e12, /more than any model has/],
    ["max_position_embeddings", 0.5, /positive integer/],
    ["rms_norm_eps", -1, /not below zero/],
    ["rms_norm_eps", 1e300, /found 1e\+300/],
    ["rope_scaling", 5, /must be an object, found 5/],
    ["rope_scaling", -1, /must be an object, found -1/],
    ["rope_scaling", true, /must be an object, found true/],
    ["rope_scaling", "linear", /must be an object, found "linear"/],
    ["rope_scaling", [2], /must be an object, found \[2\]/],
    ["layer_types", Array(100_000).fill("full_attention"), /lists 100000 layers/],
    ["hidden_act", LONG, /characters left out/],
    ["model_type", LONG, /characters left out/],
    ["model_type", { toString: 1 }, /"\{"toString":1\}" is not supported/],
  ])("%s", (key, value, message) => {
    const { place, message: found } = refusal(folderOf({ [key]: value }));
    expect(place).toBe(key);
    expect(found).toMatch(message);
  });

  it.each<[changes: object, message: RegExp]>([
    [{ rope_theta: -1 }, /positive number, found -1/],
    [{ rope_theta: 1e39 }, /positive number, found 1e\+39/],
    [{ rope_theta: 1e-60 }, /positive number, found 1e-60/],
    [{ rope_scaling: { rope_type: "linear", factor: -1 } }, /positive number, found -1/],
    [{ rope_scaling: { rope_type: { a: 1 } } }, /rope type "\{"a":1\}" is not supported/],
    [{ rope_scaling: { rope_type: "longrope", short_factor: Array(100_000).fill(1) } }, /must be 4 positive numbers/],
    [{ quantization_config: { a: LONG } }, /characters left out/],
    [{ [`softcap${LONG}`]: 5 }, /characters left out/],
    [{ model_type: "qwen3_moe", num_experts: 1e9 }, /more than any model has/],
    [{ model_type: "mistral", num_hidden_layers: 1e9 }, /more than any model has/],
    [{ model_type: "qwen2", num_hidden_layers: 1e9, use_sliding_window: true }, /more than any model has/],
    [{ head_dim: 1_000_000_000 }, /has shape \[128, 128\], config.json asks for \[16000000000, 128\]/],
    [{ vocab_size: 2_000_000_000 }, /has shape \[157, 128\], config.json asks for \[2000000000, 128\]/],
  ])("%j", (changes, message) => {
    expect(refusal(folderOf(changes)).message).toMatch(message);
  });
});

describe("names that claim many tensors", () => {
  it("are not believed", () => {
    const folder = folderOf({ model_type: "qwen3_moe", num_hidden_layers: 10_000, num_experts: 10_000 }, false);
    const name = "model.layers.9999.mlp.experts.9999.up_proj.weight";
    writeSafetensors(join(folder, "model.safetensors"), { [name]: { shape: [1], data: new Float32Array(1) } });
    expect(refusal(folder)).toMatchObject({
      place: "num_experts",
      message: expect.stringMatching(/asks for 300000000 tensors and more, the weights hold 1;/),
    });
  });
});
