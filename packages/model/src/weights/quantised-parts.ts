/**
 * What a quantised copy holds. Maps that read the same input are stacked into one, the way Phi-3 keeps them: a decoding step then
 * rounds its input once for all of them, and its threads meet half as often.
 */
import type { DecoderConfig } from "../architecture/config.ts";
import { blockName, hasBias, headName, type Linear, linears, STACKS } from "../architecture/tensor-names.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { BLOCK, type QuantisedBits, type QuantisedWeights, quantise } from "./quantise.ts";
import { readBytes, readFloats, type TensorEntry, type TensorPart } from "./safetensors.ts";

/** Names of a quantised matrix's two tensors. */
export const blocksName = (name: string): string => `${name}.blocks`;
export const scalesName = (name: string): string => `${name}.scales`;

/** The config whose names a copy's tensors have: with stacked maps, unless rows of the stream do not split into blocks. */
export const copyConfig = (config: DecoderConfig): DecoderConfig =>
  config.hidden % BLOCK === 0 ? { ...config, fused: true } : config;

/** The tensors of a copy with matrices of `bits` per weight. Embeddings and norms stay as they are. */
export const quantisedParts = (
  { config, weights }: Pick<Checkpoint, "config" | "weights">,
  bits: QuantisedBits,
): ReadonlyArray<TensorPart> => {
  const entry = (name: string) => weights.get(name) as TensorEntry;
  const stacked = new Set<string>();
  const stack = (layer: number, to: Linear, from: ReadonlyArray<Linear>): TensorPart[] => {
    const names = (part: string) => from.map((map) => blockName(layer, `${map}.${part}`));
    const take = (part: string) =>
      names(part).map((name) => {
        stacked.add(name);
        return entry(name);
      });
    const matrix = rounded(blockName(layer, `${to}.weight`), take("weight"), bits);
    return hasBias(config, to) ? [...matrix, joined(blockName(layer, `${to}.bias`), take("bias"))] : matrix;
  };
  const maps = linears(config);
  const stacks: TensorPart[] = [];
  if (copyConfig(config).fused && !config.fused)
    for (let layer = 0; layer < config.layers; layer++)
      for (const [to, from] of Object.entries(STACKS))
        if (maps.includes(from[0])) stacks.push(...stack(layer, to as Linear, from));
  const others = [...weights.values()].filter(({ name }) => !stacked.has(name));
  return [...stacks, ...others.flatMap((other) => single(config, other, bits))];
};

/** Matrices that multiply activations and split into whole blocks are quantised; a tied embedding gets a copy for its second use. */
const single = (config: DecoderConfig, entry: TensorEntry, bits: QuantisedBits): TensorPart[] => {
  const { name, dtype, shape } = entry;
  const kept: TensorPart = { name, dtype, shape, bytes: () => readBytes(entry) };
  const isMap = linears(config).some((map) => name.endsWith(`${map}.weight`)) || /\.mlp\.experts\./.test(name);
  const isHead = name === headName(config);
  if (shape.length !== 2 || !(isMap || isHead) || (shape[1] as number) % BLOCK !== 0) return [kept];
  const matrix = rounded(name, [entry], bits);
  return isHead && config.tied ? [kept, ...matrix] : matrix;
};

/** The rows of some matrices below each other, in blocks. */
const rounded = (name: string, entries: ReadonlyArray<TensorEntry>, bits: QuantisedBits): TensorPart[] => {
  const input = (entries[0] as TensorEntry).shape[1] as number;
  const out = entries.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  let made: ReadonlyArray<QuantisedWeights> | undefined;
  const values = () => {
    made ??= entries.map((entry) => quantise(readFloats(entry), input, bits));
    return made;
  };
  const blocks: TensorPart = {
    name: blocksName(name),
    dtype: "uint8",
    shape: [out, input / BLOCK, (BLOCK * bits) / 8],
    bytes: () => bytesOf(values().map((w) => w.blocks)),
  };
  const scales: TensorPart = {
    name: scalesName(name),
    dtype: "float32",
    shape: [(out * input) / BLOCK],
    bytes: () => {
      const bytes = bytesOf(values().map((w) => w.scales));
      made = undefined; // the last use: names sort blocks before scales
      return bytes;
    },
  };
  return [blocks, scales];
};

const joined = (name: string, entries: ReadonlyArray<TensorEntry>): TensorPart => ({
  name,
  dtype: "float32",
  shape: [entries.reduce((sum, { shape }) => sum + (shape[0] as number), 0)],
  bytes: () => bytesOf(entries.map(readFloats)),
});

/** One after the other; a single one as it is. */
const bytesOf = (arrays: ReadonlyArray<Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>>): Uint8Array => {
  const parts = arrays.map(({ buffer }) => new Uint8Array(buffer));
  if (parts.length === 1) return parts[0] as Uint8Array;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
