/** Adapters in PEFT's files: `adapter_config.json` and `adapter_model.safetensors`, with PEFT's keys. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDepth, clip, someOf } from "@precipice/files";
import {
  CheckpointError,
  type DecoderConfig,
  type FloatTensor,
  type LoraShape,
  loraModules,
  loraShapes,
  readFloats,
  readHeader,
  readText,
  TimeLimitError,
  timeLimited,
  writeSafetensors,
} from "@precipice/model";
import type { AdapterInit } from "./initial-adapter.ts";
import { linearsOf, PATTERN_LIMIT_MS } from "./targets.ts";

export interface PeftAdapter {
  readonly lora: LoraShape;
  /** By PEFT key; A `[r, in]`, B `[out, r]`. */
  readonly parameters: Readonly<Record<string, FloatTensor>>;
}

const FILES = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/** PEFT's name of a target: the last part where it stands for all layers, else the whole module name. */
const targetName = (target: string): string =>
  target.startsWith("model.layers.") ? target : (target.split(".").at(-1) as string);

/** Write an adapter into `folder`. `baseModel` names the model it belongs to. */
export const writeAdapter = (
  folder: string,
  { lora, parameters }: PeftAdapter,
  baseModel: string,
  init: AdapterInit = "kaiming",
): void => {
  const config = {
    alpha_pattern: lora.alphaPattern ?? {},
    base_model_name_or_path: baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: init === "kaiming" ? true : init,
    layers_to_transform: lora.layers ?? null,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout ?? 0,
    modules_to_save: null,
    peft_type: "LORA",
    r: lora.rank,
    rank_pattern: lora.rankPattern ?? {},
    target_modules: lora.targets.map(targetName),
    task_type: "CAUSAL_LM",
    use_dora: false,
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
} as const;

/** Settings that say where the adapter comes from, or that nothing here depends on. */
const SILENT = new Set([
  "auto_mapping",
  "base_model_name_or_path",
  "inference_mode",
  "layers_pattern",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "revision",
  "runtime_config",
  "task_type",
]);

const HANDLED = new Set([
  "r",
  "lora_alpha",
  "lora_dropout",
  "target_modules",
  "layers_to_transform",
  "rank_pattern",
  "alpha_pattern",
  "use_rslora",
]);

/** Starts that leave the base weights alone; PiSSA, OLoRA, CorDA and LoftQ change them, so such an adapter has another base. */
const PLAIN_STARTS = new Set<unknown>([true, false, "gaussian", "orthogonal", "eva", undefined, null]);

/** A value as the file has it, a long one without its middle. */
const shown = (value: unknown): string => clip(JSON.stringify(value) ?? "nothing", 200);
/** A number that is one in single precision too. */
const isScale = (value: unknown): value is number => typeof value === "number" && Number.isFinite(Math.fround(value));

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
        problem: `has shape [${someOf(entry.shape)}], expected [${shape.join(", ")}]`,
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
  const refuse = (place: string, problem: string, remedy?: string): never => {
    throw new CheckpointError({ file, place, problem, ...(remedy === undefined ? {} : { remedy }) });
  };
  for (const [key, found] of Object.entries(json)) {
    if (key in REFUSED) {
      const value = REFUSED[key as keyof typeof REFUSED];
      if (!isEmpty(found) && found !== value)
        refuse(key, `${shown(found)} is not supported`, `supported: ${JSON.stringify(value)}`);
    } else if (key === "init_lora_weights") {
      if (!PLAIN_STARTS.has(found))
        refuse(key, `${shown(found)} changes the base model`, "convert the adapter to plain LoRA with PEFT");
    } else if (!SILENT.has(key) && !HANDLED.has(key) && !isEmpty(found) && found !== false) {
      refuse(key, `${shown(found)} is not supported`, "merge the adapter with PEFT and open the merged model");
    }
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets, lora_dropout: dropout } = json;
  if (!Number.isSafeInteger(rank) || (rank as number) < 1) refuse("r", `${shown(rank)} is no rank`);
  if (!isScale(alpha)) refuse("lora_alpha", `${shown(alpha)} is no number`);
  const rankPattern = numbersOf(json["rank_pattern"], (n) => Number.isSafeInteger(n) && n >= 1);
  const alphaPattern = numbersOf(json["alpha_pattern"], isScale);
  if (rankPattern === undefined) return refuse("rank_pattern", "is no map from patterns to ranks");
  if (alphaPattern === undefined) return refuse("alpha_pattern", "is no map from patterns to numbers");
  const layers = layersOf(json["layers_to_transform"], decoder.layers);
  if (layers === null)
    return refuse("layers_to_transform", `names layers beyond the ${decoder.layers} of this model, or none at all`);
  try {
    const lora = {
      rank: rank as number,
      alpha: alpha as number,
      targets: linearsOf(targets as string | string[], decoder),
      rankStabilized: json["use_rslora"] === true,
      ...(layers === undefined ? {} : { layers }),
      ...(Object.keys(rankPattern).length === 0 ? {} : { rankPattern }),
      ...(Object.keys(alphaPattern).length === 0 ? {} : { alphaPattern }),
      ...(typeof dropout === "number" && dropout > 0 ? { dropout } : {}),
    };
    // The tables' patterns are tried once here, where they can be stopped.
    timeLimited(PATTERN_LIMIT_MS, () => loraModules(decoder, lora));
    return lora;
  } catch (error) {
    if (error instanceof TimeLimitError)
      refuse("rank_pattern, alpha_pattern", `matching the patterns ${error.message}`);
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointError({ file, place: "target_modules", problem: error.message });
  }
};

/** A pattern table, `{}` where it is left out; undefined when it is none. */
const numbersOf = (value: unknown, fits: (n: number) => boolean): Record<string, number> | undefined => {
  if (isEmpty(value)) return {};
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const entries = Object.entries(value as object);
  const isPattern = (text: string) => {
    try {
      return new RegExp(text) !== undefined;
    } catch {
      return false;
    }
  };
  return entries.every(([key, n]) => typeof n === "number" && fits(n) && isPattern(key))
    ? Object.fromEntries(entries)
    : undefined;
};

/** PEFT takes one layer or a list; undefined means all, null that it fits no layer. */
const layersOf = (value: unknown, count: number): ReadonlyArray<number> | undefined | null => {
  if (isEmpty(value)) return undefined;
  const list = Array.isArray(value) ? value : [value];
  return list.every((l) => Number.isInteger(l) && l >= 0 && l < count) ? (list as number[]) : null;
};

const readConfigJson = (file: string): Record<string, unknown> => {
  const text = readText(file, "give the folder of a PEFT adapter");
  try {
    checkDepth(text);
    const value: unknown = JSON.parse(text);
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
