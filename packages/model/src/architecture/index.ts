/** One adapter per `model_type`; anything else is an error that lists what there is. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { readText } from "../text-file.ts";
import type { DecoderConfig } from "./config.ts";
import { ConfigReader } from "./config-reader.ts";
import { decodeLlama } from "./llama.ts";
import { decodeMistral } from "./mistral.ts";
import { decodePhi3 } from "./phi3.ts";
import { parsePythonJson } from "./python-json.ts";
import { quantisationOf, UNQUANTISED } from "./quantisation.ts";
import { decodeQwen2, decodeQwen3, decodeQwen3Moe } from "./qwen.ts";
import { named, shown } from "./unread-keys.ts";

const ADAPTERS: Readonly<Record<string, (config: ConfigReader) => DecoderConfig>> = {
  llama: decodeLlama,
  mistral: decodeMistral,
  phi3: decodePhi3,
  qwen2: decodeQwen2,
  qwen3: decodeQwen3,
  qwen3_moe: decodeQwen3Moe,
};

/** Classes that transformers writes into `architectures`, and their type. */
const ARCHITECTURES = new Map([
  ["LlamaForCausalLM", "llama"],
  ["MistralForCausalLM", "mistral"],
  ["Phi3ForCausalLM", "phi3"],
  ["Qwen2ForCausalLM", "qwen2"],
  ["Qwen3ForCausalLM", "qwen3"],
  ["Qwen3MoeForCausalLM", "qwen3_moe"],
]);

/** What a `config.json` describes, and what it says that is left aside as transformers leaves it, a sentence each. */
export interface ExaminedConfig {
  readonly config: DecoderConfig;
  readonly notices: ReadonlyArray<string>;
}

/** Read and check `config.json` of a checkpoint folder. Throws `CheckpointError`, for a key that is not computed too. */
export const examineConfig = (folder: string, name = "config.json"): ExaminedConfig => {
  const file = join(folder, name);
  const json = readJson(file);
  const config = new ConfigReader(file, json);
  const adapter = adapterOf(config, json);
  const packed = quantisationOf(json);
  if (packed !== undefined) {
    const settings = shown(json[packed.key]);
    config.fail(packed.key, `${settings} is not supported: weights quantised with ${packed.method}`, UNQUANTISED);
  }
  const decoder = adapter(config);
  config.expectAllRead();
  return { config: decoder, notices: config.notices };
};

/** The same without the notices. */
export const readConfig = (folder: string, name?: string): DecoderConfig => examineConfig(folder, name).config;

const adapterOf = (config: ConfigReader, json: Readonly<Record<string, unknown>>) => {
  const types = Object.keys(ADAPTERS).join(", ");
  const type = json["model_type"];
  if (type === undefined || type === null) {
    const classes = [json["architectures"]].flat().map((name) => ARCHITECTURES.get(named(name)));
    const guess = classes.find((it) => it !== undefined);
    const remedy =
      guess === undefined ? `supported: ${types}` : `its architectures mean "model_type": "${guess}"; add that line`;
    return config.fail("model_type", "is missing, and the computation follows from it", remedy);
  }
  const name = named(type);
  const adapter = Object.hasOwn(ADAPTERS, name) ? ADAPTERS[name] : undefined;
  return adapter ?? config.unsupported("model_type", `"${name}"`, types);
};

/** End tokens that `generation_config.json` names, if it is there. */
export const readGenerationConfig = (folder: string): ReadonlyArray<number> => {
  const file = join(folder, "generation_config.json");
  return existsSync(file) ? new ConfigReader(file, readJson(file)).integers("eos_token_id") : [];
};

/** A JSON object from a file of the checkpoint. Throws `CheckpointError`. */
export const readJson = (file: string): Record<string, unknown> => {
  const text = readText(file, "point to a Hugging Face checkpoint folder");
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    throw new CheckpointError({ file, place: "", problem: `is not JSON: ${(error as Error).message}` });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new CheckpointError({ file, place: "", problem: "is JSON, but no object" });
  }
  return value as Record<string, unknown>;
};
