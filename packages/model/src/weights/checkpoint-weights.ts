/** The tensors of a checkpoint folder, single file or shards, checked against what the architecture needs. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readJson } from "../architecture/index.ts";
import { CheckpointError } from "../errors.ts";
import { readHeader, type TensorEntry } from "./safetensors.ts";

/** Files of the checkpoint that hold tensors, in order. */
const weightFiles = (folder: string): ReadonlyArray<string> => {
  const single = join(folder, "model.safetensors");
  const index = join(folder, "model.safetensors.index.json");
  if (existsSync(index)) {
    const map = (readJson(index)["weight_map"] ?? {}) as Record<string, unknown>;
    const names = [...new Set(Object.values(map).map(String))].sort();
    for (const name of names) {
      if (name !== basename(name))
        throw new CheckpointError({
          file: index,
          place: "weight_map",
          problem: `shard "${name}" leaves the folder`,
          remedy: "do not trust this checkpoint",
        });
    }
    return names.map((name) => join(folder, name));
  }
  if (existsSync(single)) return [single];
  throw new CheckpointError({
    file: folder,
    place: "",
    problem: "holds no model.safetensors and no index of shards",
    remedy: "download the safetensors weights",
  });
};

/** All tensors by name. Throws `CheckpointError` naming missing, extra or mis-shaped tensors. */
export const readWeights = (
  folder: string,
  expected: ReadonlyMap<string, ReadonlyArray<number>>,
): ReadonlyMap<string, TensorEntry> => {
  const files = weightFiles(folder);
  const entries = new Map<string, TensorEntry>();
  for (const file of files) for (const [name, entry] of readHeader(file)) entries.set(name, entry);
  const where = files.length === 1 ? (files[0] as string) : folder;
  for (const [name, shape] of expected) {
    const found = entries.get(name);
    if (found === undefined)
      throw new CheckpointError({
        file: where,
        place: name,
        problem: `is missing; expected [${shape.join(", ")}]`,
        remedy: "check that config.json belongs to these weights",
      });
    if (found.shape.join() !== shape.join()) {
      throw new CheckpointError({
        file: found.file,
        place: name,
        problem: `has shape [${found.shape.join(", ")}], config.json asks for [${shape.join(", ")}]`,
      });
    }
  }
  for (const name of entries.keys()) {
    // Old exports carry the rotary table as a buffer, tied ones a copy of the embedding: both are known and unused.
    if (!expected.has(name) && !name.endsWith("rotary_emb.inv_freq") && name !== "lm_head.weight") {
      throw new CheckpointError({
        file: entries.get(name)?.file ?? where,
        place: name,
        problem: "is no tensor of this architecture",
        remedy: "check model_type in config.json",
      });
    }
  }
  return entries;
};

/** Digest of the weights without reading them: headers, file sizes and modification times. */
export const weightsFingerprint = (folder: string): string => {
  const hash = createHash("sha256");
  for (const file of weightFiles(folder)) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${basename(file)}:${size}:${mtimeMs}\n`);
    for (const e of readHeader(file).values()) hash.update(`${e.name}:${e.dtype}:${e.shape.join("x")}:${e.offset}\n`);
  }
  return hash.digest("hex");
};

/** Digest of the weights' bytes. */
export const weightsDigest = async (folder: string): Promise<string> => {
  const { createReadStream } = await import("node:fs");
  const hash = createHash("sha256");
  for (const file of weightFiles(folder))
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
};
