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
import { decodeQwen2, decodeQwen3, decodeQwen3Moe } from "./qwen.ts";

const ADAPTERS: Readonly<Record<string, (config: ConfigReader) => DecoderConfig>> = {
  llama: decodeLlama,
  mistral: decodeMistral,
  phi3: decodePhi3,
  qwen2: decodeQwen2,
  qwen3: decodeQwen3,
  qwen3_moe: decodeQwen3Moe,
};

/** Read and check `config.json` of a checkpoint folder. Throws `CheckpointError`, for a key that is not computed too. */
export const readConfig = (folder: string, name = "config.json"): DecoderConfig => {
  const file = join(folder, name);
  const json = readJson(file);
  const type = String(json["model_type"]);
  const adapter = Object.hasOwn(ADAPTERS, type) ? ADAPTERS[type] : undefined;
  const config = new ConfigReader(file, json);
  if (adapter === undefined) return config.unsupported("model_type", `"${type}"`, Object.keys(ADAPTERS).join(", "));
  const decoder = adapter(config);
  config.expectAllRead();
  return decoder;
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
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError({ file, place: "", problem: `is not JSON: ${(error as Error).message}` });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new CheckpointError({ file, place: "", problem: "is JSON, but no object" });
  }
  return value as Record<string, unknown>;
};
