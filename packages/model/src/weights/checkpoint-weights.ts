/** The tensors of a checkpoint folder, single file or shards, checked against what the architecture needs. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { someOf } from "@precipice/files";
import { DTYPES } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { readJson } from "../architecture/index.ts";
import { quantisedTensor, UNQUANTISED } from "../architecture/quantisation.ts";
import { tensorShapes } from "../architecture/tensor-names.ts";
import { CheckpointError } from "../errors.ts";
import { fileDigest } from "./file-digest.ts";
import { PLANTED_HEADS_FILE } from "./planted-heads.ts";
import { readHeader, type TensorEntry } from "./safetensors.ts";

/** Files of the checkpoint that hold tensors, in order; a single file goes before an index, as in Hugging Face's loader. */
const weightFiles = (folder: string): ReadonlyArray<string> => {
  const single = join(folder, "model.safetensors");
  if (existsSync(single)) return [single];
  const index = join(folder, "model.safetensors.index.json");
  if (!existsSync(index)) {
    const packed = readdirSync(folder).find((name) => name.endsWith(".gguf"));
    if (packed !== undefined) {
      throw new CheckpointError({
        file: join(folder, packed),
        place: "",
        problem: "is a GGUF file, which is not read",
        remedy: `${UNQUANTISED}, with safetensors`,
      });
    }
    throw new CheckpointError({
      file: folder,
      place: "",
      problem: "holds no model.safetensors and no index of shards",
      remedy: "download the safetensors weights",
    });
  }
  const fail = (problem: string, remedy: string): never => {
    throw new CheckpointError({ file: index, place: "weight_map", problem, remedy });
  };
  const map = readJson(index)["weight_map"];
  if (map === null || typeof map !== "object") return fail("is no object", "download the index again");
  const names = [...new Set(Object.values(map).map(String))].sort();
  for (const name of names) {
    if (name !== basename(name) || name.includes("\\") || !name.endsWith(".safetensors")) {
      return fail(`shard "${name}" is no safetensors file of this folder`, "do not trust this checkpoint");
    }
  }
  return names.map((name) => join(folder, name));
};

/** Layers and experts are counted in the tensors that there are, before anything is listed by the numbers of config.json. */
const expectCounts = (folder: string, { layers, experts }: DecoderConfig, names: Iterable<string>): void => {
  let [heldLayers, heldExperts, tensors] = [0, 0, 0];
  for (const name of names) {
    tensors += 1;
    const [, layer = -1, expert = -1] = /^model\.layers\.(\d{1,9})\.(?:mlp\.experts\.(\d{1,9})\.)?/.exec(name) ?? [];
    heldLayers = Math.max(heldLayers, Number(layer) + 1);
    heldExperts = Math.max(heldExperts, Number(expert) + 1);
  }
  const expect = (key: string, said: number, held: number): void => {
    if (said <= held || held === 0) return;
    throw new CheckpointError({
      file: join(folder, "config.json"),
      place: key,
      problem: `says ${said}, the weights hold ${held}`,
      remedy: "check that config.json belongs to these weights, and that all of their files are there",
    });
  };
  expect("num_hidden_layers", layers, heldLayers);
  if (experts !== null) expect("num_experts", experts.count, heldExperts);
  // A few names are enough to claim many layers of many experts: then most of what they stand for is missing.
  const asked = layers * (experts === null ? 1 : 3 * experts.count);
  if (asked > 2 * tensors + 1000)
    throw new CheckpointError({
      file: join(folder, "config.json"),
      place: experts === null ? "num_hidden_layers" : "num_experts",
      problem: `asks for ${asked} tensors and more, the weights hold ${tensors}`,
      remedy: "check that config.json belongs to these weights, and that all of their files are there",
    });
};

/** All tensors by name. Throws `CheckpointError` naming missing, extra, mis-shaped or integer tensors. */
export const readWeights = (folder: string, config: DecoderConfig): ReadonlyMap<string, TensorEntry> => {
  const files = weightFiles(folder);
  const entries = new Map<string, TensorEntry>();
  const fail = (file: string, place: string, problem: string, remedy: string): never => {
    throw new CheckpointError({ file, place, problem, remedy });
  };
  for (const file of files) {
    for (const [name, entry] of readHeader(file)) {
      const other = entries.get(name);
      if (other !== undefined)
        fail(file, name, `is in ${basename(other.file)} too`, "keep the shards of one checkpoint only");
      entries.set(name, entry);
    }
  }
  const packed = quantisedTensor(entries.keys());
  if (packed !== undefined)
    fail(
      entries.get(packed.name)?.file ?? folder,
      packed.name,
      `belongs to weights quantised with ${packed.method}, which are not computed`,
      UNQUANTISED,
    );
  expectCounts(folder, config, entries.keys());
  const expected = tensorShapes(config);
  const where = files.length === 1 ? (files[0] as string) : folder;
  const remedy = "check that config.json belongs to these weights";
  for (const [name, shape] of expected) {
    const found = entries.get(name);
    if (found === undefined) return fail(where, name, `is missing; expected [${someOf(shape)}]`, remedy);
    if (found.shape.join() !== shape.join()) {
      fail(found.file, name, `has shape [${someOf(found.shape)}], config.json asks for [${someOf(shape)}]`, remedy);
    }
    if (!DTYPES[found.dtype].isFloat) fail(found.file, name, `is ${found.dtype}; weights must be floats`, UNQUANTISED);
  }
  for (const [name, { file }] of entries) {
    // Old exports carry the rotary table as a buffer, tied ones a copy of the embedding: both are known and unused.
    const known = expected.has(name) || name.endsWith("rotary_emb.inv_freq") || name === "lm_head.weight";
    if (!known) fail(file, name, "is no tensor of this architecture", "check model_type in config.json");
  }
  return entries;
};

/** What beside the weights decides what a model computes and reads. */
const SETTINGS = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  PLANTED_HEADS_FILE,
];

/** sha256 over the digests of config, tokenizer, chat template and all weights. Where the folder lies is no part of it. */
export const contentDigest = async (folder: string): Promise<string> => {
  const settings = SETTINGS.map((name) => join(folder, name)).filter((file) => existsSync(file));
  const hash = createHash("sha256");
  for (const file of [...settings, ...weightFiles(folder)]) {
    hash.update(`${basename(file)}:${await fileDigest(file)}\n`);
  }
  return hash.digest("hex");
};
