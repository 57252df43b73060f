/**
 * Several adapters as inputs of one program: all are given the same shape, the widest rank over all the modules that any of them
 * adapts, with their scales folded into B and zeros where one has nothing. Zeros add exactly nothing.
 */
import { float32, type HostTensors } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { type LoraShape, loraKey, loraModules, loraShapes } from "../decoder/lora.ts";
import { DecoderError } from "../errors.ts";
import type { FloatTensor } from "../weights/safetensors.ts";

export interface AdapterWeights {
  readonly lora: LoraShape;
  /** By PEFT key; A `[r, in]`, B `[out, r]`. */
  readonly parameters: Readonly<Record<string, FloatTensor>>;
}

/** A shape that holds all of them, of scale 1; undefined for none. */
export const commonShape = (config: DecoderConfig, adapters: ReadonlyArray<LoraShape>): LoraShape | undefined => {
  const modules = adapters.flatMap((lora) => loraModules(config, lora));
  if (modules.length === 0) return undefined;
  const rank = modules.reduce((most, module) => Math.max(most, module.rank), 1);
  return { rank, alpha: rank, targets: [...new Set(modules.map(({ module }) => module))] };
};

/** Throws `DecoderError` where a program with `shape` for an input cannot take the adapter. */
export const checkAdapter = (
  config: DecoderConfig,
  shape: LoraShape | undefined,
  { lora, parameters }: AdapterWeights,
): void => {
  const refuse = (problem: string): never => {
    throw new DecoderError({ what: "adapter", problem });
  };
  const room = shape === undefined ? undefined : loraShapes(config, shape);
  if (room === undefined) refuse("the generator was opened without one");
  for (const [key, dims] of loraShapes(config, lora)) {
    const place = room?.get(key);
    if (place === undefined) refuse(`${key} is no module that the generator was opened for`);
    const found = parameters[key]?.shape;
    if (found?.length !== 2 || dims.some((size, i) => size !== found[i]))
      refuse(`${key} is [${found ?? "missing"}], expected [${dims}]`);
    if (dims.some((size, i) => size > (place?.[i] as number)))
      refuse(`${key} is [${dims}]; the generator was opened for at most [${place}]`);
  }
};

/** An adapter's parameters in the common shape; all zero without one. */
export const parametersFor = (
  config: DecoderConfig,
  shape: LoraShape,
  adapter: AdapterWeights | undefined,
): HostTensors => {
  const padded: Record<string, HostTensors[string]> = {};
  for (const [key, dims] of loraShapes(config, shape))
    padded[key] = float32([...dims], new Float32Array(dims[0] * dims[1]));
  if (adapter === undefined) return padded;
  for (const { layer, linear, rank, scale } of loraModules(config, adapter.lora)) {
    const [a, b] = (["A", "B"] as const).map((factor) => loraKey(layer, linear, factor)) as [string, string];
    const wide = (key: string) => padded[key] as { readonly data: Float32Array; readonly dims: ReadonlyArray<number> };
    const own = (key: string) => (adapter.parameters[key] as FloatTensor).data;
    wide(a).data.set(own(a)); // the first rows of [rank, in]
    const to = wide(b);
    const columns = to.dims[1] as number;
    own(b).forEach((value, i) => {
      to.data[Math.floor(i / rank) * columns + (i % rank)] = value * scale;
    });
  }
  return padded;
};
