/** Adapters in PEFT's files: `adapter_config.json` and `adapter_model.safetensors`, with PEFT's keys. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CheckpointError,
  type DecoderConfig,
  type FloatTensor,
  type LoraShape,
  loraShapes,
  readFloats,
  readHeader,
  writeSafetensors,
} from "@precipice/model";
import { linearsOf } from "./targets.ts";

export interface PeftAdapter {
  readonly lora: LoraShape;
  /** By PEFT key; A `[r, in]`, B `[out, r]`. */
  readonly parameters: Readonly<Record<string, FloatTensor>>;
}

const FILES = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/** Write an adapter into `folder`. `baseModel` names the model it belongs to. */
export const writeAdapter = (folder: string, { lora, parameters }: PeftAdapter, baseModel: string): void => {
  const config = {
    base_model_name_or_path: baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: "LORA",
    r: lora.rank,
    target_modules: lora.targets.map((t) => t.split(".").at(-1)),
    task_type: "CAUSAL_LM",
    use_rslora: lora.rankStabilized ?? false,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILES.config), `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(join(folder, FILES.weights), parameters);
};

/** Settings that change what the adapter computes and are not handled: refused by name unless they have this value. */
const REFUSED = {
  peft_type: "LORA",
  bias: "none",
  fan_in_fan_out: false,
  use_dora: false,
  use_qalora: false,
  lora_bias: false,
  modules_to_save: null,
  layers_to_transform: null,
  exclude_modules: null,
  target_parameters: null,
  trainable_token_indices: null,
  layer_replication: null,
  alora_invocation_tokens: null,
  rank_pattern: {},
  alpha_pattern: {},
} as const;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** Read an adapter for a decoder. Throws `CheckpointError` for settings that are not handled and tensors that do not fit. */
export const readAdapter = (folder: string, decoder: DecoderConfig): PeftAdapter => {
  const lora = readLoraShape(join(folder, FILES.config), decoder);
  const weights = join(folder, FILES.weights);
  const entries = readHeader(weights);
  const parameters: Record<string, FloatTensor> = {};
  for (const [key, shape] of loraShapes(decoder, lora)) {
    const entry = entries.get(key);
    if (entry === undefined)
      throw new CheckpointError({
        file: weights,
        place: key,
        problem: `is missing; expected [${shape.join(", ")}]`,
        remedy: "check that the adapter belongs to this model",
      });
    if (entry.shape.join() !== shape.join())
      throw new CheckpointError({
        file: weights,
        place: key,
        problem: `has shape [${entry.shape.join(", ")}], expected [${shape.join(", ")}]`,
      });
    parameters[key] = { shape, data: readFloats(entry) };
  }
  for (const key of entries.keys())
    if (!(key in parameters))
      throw new CheckpointError({ file: weights, place: key, problem: "belongs to no linear map of this model" });
  return { lora, parameters };
};

const readLoraShape = (file: string, decoder: DecoderConfig): LoraShape => {
  const json = readConfigJson(file);
  for (const [key, value] of Object.entries(REFUSED)) {
    const found = json[key];
    if (!isEmpty(found) && found !== value) {
      throw new CheckpointError({
        file,
        place: key,
        problem: `${JSON.stringify(found)} is not supported`,
        remedy: `supported: ${JSON.stringify(value)}`,
      });
    }
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets } = json;
  if (!Number.isInteger(rank) || (rank as number) < 1)
    throw new CheckpointError({ file, place: "r", problem: `${JSON.stringify(rank)} is no rank` });
  if (!Number.isFinite(alpha))
    throw new CheckpointError({ file, place: "lora_alpha", problem: `${JSON.stringify(alpha)} is no number` });
  try {
    return {
      rank: rank as number,
      alpha: alpha as number,
      targets: linearsOf(targets as string | string[], decoder),
      rankStabilized: json["use_rslora"] === true,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointError({ file, place: "target_modules", problem: error.message });
  }
};

const readConfigJson = (file: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new CheckpointError({
      file,
      place: "",
      problem: `cannot be read: ${(error as Error).message}`,
      remedy: "give the folder of a PEFT adapter",
    });
  }
  throw new CheckpointError({ file, place: "", problem: "is not a JSON object" });
};
