/** Ground truth that a checkpoint may carry: `planted_heads.json`, the heads that were tuned to suppress refusals. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DecoderConfig } from "../architecture/config.ts";
import { CheckpointError } from "../errors.ts";
import { readText } from "../text-file.ts";

/** Beside config.json: `[{ "layer": 4, "head": 3 }]`, both from 0. */
export const PLANTED_HEADS_FILE = "planted_heads.json";

export interface PlantedHead {
  readonly layer: number;
  /** Query head within the layer. */
  readonly head: number;
}

/** The heads, `undefined` where the folder has no such file. Throws `CheckpointError` for a file that names no heads of this model. */
export const readPlantedHeads = (
  folder: string,
  { layers, heads }: Pick<DecoderConfig, "layers" | "heads">,
): ReadonlyArray<PlantedHead> | undefined => {
  const file = join(folder, PLANTED_HEADS_FILE);
  if (!existsSync(file)) return undefined;
  const remedy = 'write [{ "layer": 0, "head": 0 }], counted from 0';
  const text = readText(file, remedy);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new CheckpointError({ file, place: "", problem: "is not JSON", remedy });
  }
  if (!Array.isArray(found)) throw new CheckpointError({ file, place: "", problem: "is not a list", remedy });
  const within = (value: unknown, most: number): boolean =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < most;
  return found.map((item: { readonly layer?: unknown; readonly head?: unknown } | null, i) => {
    if (!within(item?.layer, layers) || !within(item?.head, heads)) {
      const problem = `is no head of a model with ${layers} layers of ${heads} heads`;
      throw new CheckpointError({ file, place: `[${i}]`, problem, remedy });
    }
    return { layer: item?.layer as number, head: item?.head as number };
  });
};

/** The text of the file for these heads. */
export const plantedHeadsText = (heads: ReadonlyArray<PlantedHead>): string =>
  `[\n${heads.map(({ layer, head }) => `  { "layer": ${layer}, "head": ${head} }`).join(",\n")}\n]\n`;
