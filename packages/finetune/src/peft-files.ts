/** Adapters in PEFT's files: `adapter_config.json` and `adapter_model.safetensors`, with PEFT's keys. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError, type DecoderConfig, type FloatTensor, type LoraShape, loraShapes, readFloats, readHeader, writeSafetensors } from "@precipice/model";
import { writeFileSync } from "node:fs";
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
  writeFileSync(join(folder, FILES.config), `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(join(folder, FILES.weights), parameters);
};

/** Settings that change what the adapter computes and are not handled: refused by name. */
const REFUSED = { use_dora: false, lora_bias: false, fan_in_fan_out: false, bias: "none", peft_type: "LORA", modules_to_save: null, rank_pattern: {}, alpha_pattern: {}, layers_to_transform: null } as const;

/** Read an adapter for a decoder. Throws `CheckpointError` for settings that are not handled and tensors that do not fit. */
export const readAdapter = (folder: string, decoder: DecoderConfig): PeftAdapter => {
  const file = join(folder, FILES.config);
  const json = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  for (const [key, value] of Object.entries(REFUSED)) {
    const found = json[key];
    if (found !== undefined && found !== null && JSON.stringify(found) !== JSON.stringify(value)) {
      throw new CheckpointError({ file, place: key, problem: `${JSON.stringify(found)} is not supported`, remedy: `supported: ${JSON.stringify(value)}` });
    }
  }
  const lora: LoraShape = {
    rank: Number(json["r"]),
    alpha: Number(json["lora_alpha"]),
    targets: linearsOf(json["target_modules"] as string | string[]),
    rankStabilized: json["use_rslora"] === true,
  };
  const weights = join(folder, FILES.weights);
  const entries = readHeader(weights);
  const parameters: Record<string, FloatTensor> = {};
  for (const [key, shape] of loraShapes(decoder, lora)) {
    const entry = entries.get(key);
    if (entry === undefined) throw new CheckpointError({ file: weights, place: key, problem: `is missing; expected [${shape.join(", ")}]`, remedy: "check that the adapter belongs to this model" });
    if (entry.shape.join() !== shape.join()) throw new CheckpointError({ file: weights, place: key, problem: `has shape [${entry.shape.join(", ")}], expected [${shape.join(", ")}]` });
    parameters[key] = { shape, data: readFloats(entry) };
  }
  for (const key of entries.keys()) if (!(key in parameters)) throw new CheckpointError({ file: weights, place: key, problem: "belongs to no linear map of this model" });
  return { lora, parameters };
};
