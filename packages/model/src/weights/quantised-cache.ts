/**
 * Quantised copies of a checkpoint, made once: a folder per model digest and width in the user's cache, with everything a
 * program needs. A copy is written aside and renamed, so it is whole or not there.
 */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DecoderConfig } from "../architecture/config.ts";
import { cacheFolder } from "../cache-folder.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { BLOCK, type QuantisedBits } from "./quantise.ts";
import { copyConfig, quantisedParts } from "./quantised-parts.ts";
import { readHeader, type TensorEntry, writeTensors } from "./safetensors.ts";

export interface QuantisedCopy {
  readonly folder: string;
  readonly bits: QuantisedBits;
  /** The checkpoint's config, with the names that the copy's tensors have. */
  readonly config: DecoderConfig;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

const FILE = "weights.safetensors";

/** The copy of a checkpoint in `bits` per weight; made on first use. */
export const quantisedCopy = async (checkpoint: Checkpoint, bits: QuantisedBits): Promise<QuantisedCopy> => {
  const root = join(cacheFolder(), "quantised");
  const folder = join(root, `${(await checkpoint.digest()).slice(0, 32)}-int${bits}-block${BLOCK}-stacked`);
  if (!existsSync(join(folder, FILE))) {
    mkdirSync(root, { recursive: true });
    const aside = mkdtempSync(join(root, "making-"));
    try {
      writeTensors(join(aside, FILE), quantisedParts(checkpoint, bits));
      renameSync(aside, folder);
    } catch (error) {
      rmSync(aside, { recursive: true, force: true });
      if (!existsSync(join(folder, FILE))) throw error; // else another process was first
    }
  }
  const real = realpathSync(folder); // programs name their data from where it really lies
  return { folder: real, bits, config: copyConfig(checkpoint.config), entries: readHeader(join(real, FILE)) };
};
