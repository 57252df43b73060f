/** One adapter per `model_type`; anything else is an error that lists what there is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { DecoderConfig } from "./config.ts";
import { ConfigReader } from "./config-reader.ts";
import { decodeLlama } from "./llama.ts";

const ADAPTERS: Readonly<Record<string, (config: ConfigReader) => DecoderConfig>> = { llama: decodeLlama };

/** Read and check `config.json` of a checkpoint folder. Throws `CheckpointError`. */
export const readConfig = (folder: string, name = "config.json"): DecoderConfig => {
  const file = join(folder, name);
  const json = readJson(file);
  const type = String(json["model_type"]);
  const adapter = Object.hasOwn(ADAPTERS, type) ? ADAPTERS[type] : undefined;
  const config = new ConfigReader(file, json);
  if (adapter === undefined) return config.unsupported("model_type", `"${type}"`, Object.keys(ADAPTERS).join(", "));
  return adapter(config);
};

/** A JSON object from a file of the checkpoint. */
export const readJson = (file: string): Record<string, unknown> => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CheckpointError({
      file,
      place: "",
      problem: `cannot be read: ${(error as Error).message}`,
      remedy: "point to a Hugging Face checkpoint folder",
    });
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new CheckpointError({ file, place: "", problem: `is not JSON: ${(error as Error).message}` });
  }
};
