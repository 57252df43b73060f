/**
 * A checkpoint in Hugging Face's layout: `config.json`, safetensors, `tokenizer.json`, chat template, generation config.
 * Opening reads headers only; weights stay in their files.
 */
import { existsSync, realpathSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { DecoderConfig } from "./architecture/config.ts";
import { examineConfig, readGenerationConfig } from "./architecture/index.ts";
import { headName } from "./architecture/tensor-names.ts";
import { CheckpointError, DecoderError } from "./errors.ts";
import { ChatTemplate } from "./text/chat-template.ts";
import { TextTokenizer } from "./text/tokenizer.ts";
import { contentDigest, readWeights } from "./weights/checkpoint-weights.ts";
import { type PlantedHead, readPlantedHeads } from "./weights/planted-heads.ts";
import { readFloats, type TensorEntry } from "./weights/safetensors.ts";

export class Checkpoint {
  readonly folder: string;
  readonly config: DecoderConfig;
  readonly weights: ReadonlyMap<string, TensorEntry>;
  /** What config.json says and the computation leaves aside, as transformers does; a sentence each. */
  readonly notices: ReadonlyArray<string>;
  #tokenizer: TextTokenizer | undefined;
  #template: ChatTemplate | undefined;
  #dataFolder: string | undefined;

  private constructor(
    folder: string,
    config: DecoderConfig,
    weights: ReadonlyMap<string, TensorEntry>,
    notices: ReadonlyArray<string>,
  ) {
    this.folder = folder;
    this.config = config;
    this.weights = weights;
    this.notices = notices;
  }

  /** Open a folder. Throws `CheckpointError` naming file and place of what does not fit. */
  static open(folder: string): Checkpoint {
    const path = resolve(folder);
    if (!existsSync(path))
      throw new CheckpointError({
        file: path,
        place: "",
        problem: "does not exist",
        remedy: "give the folder of a Hugging Face checkpoint",
      });
    const { config, notices } = examineConfig(path);
    const complete = withGenerationConfig(path, config);
    return new Checkpoint(path, complete, readWeights(path, complete), notices);
  }

  /** The tokenizer; throws `CheckpointError` when the folder has none. */
  get tokenizer(): TextTokenizer {
    this.#tokenizer ??= TextTokenizer.open(this.folder, this.config);
    return this.#tokenizer;
  }

  /** The chat template; throws `CheckpointError` when the folder has none. */
  get template(): ChatTemplate {
    this.#template ??= ChatTemplate.open(this.folder);
    return this.#template;
  }

  /**
   * Folder that programs name their weights from: the one that holds all files of weights once links are followed. In the Hugging
   * Face cache a snapshot is links into `blobs/`, and onnxruntime refuses external data that leads out of its folder.
   */
  get dataFolder(): string {
    this.#dataFolder ??= commonFolder(new Set([...this.weights.values()].map(({ file }) => file)));
    return this.#dataFolder;
  }

  /** A weight as f32. */
  floats(name: string): Float32Array<ArrayBuffer> {
    const entry = this.weights.get(name);
    if (entry === undefined)
      throw new CheckpointError({ file: this.folder, place: name, problem: "is no tensor of this checkpoint" });
    return readFloats(entry);
  }

  /** What the unembedding multiplies the normalised stream with for one token's logit, `[d_model]`; only this row is read. */
  unembedding(id: number): Float32Array<ArrayBuffer> {
    const { vocab, hidden } = this.config;
    if (!(Number.isInteger(id) && id >= 0 && id < vocab))
      throw new DecoderError({ what: `token ${id}`, problem: `is outside the vocabulary of ${vocab}` });
    const entry = this.weights.get(headName(this.config)) as TensorEntry; // opening checked that it is there
    const length = entry.length / vocab;
    return readFloats({ ...entry, shape: [1, hidden], offset: entry.offset + id * length, length });
  }

  /**
   * Digest of the whole model: the bytes of config, tokenizer, chat template and weights, wherever the folder lies. Large files are
   * read once and remembered by device, inode, size, modification and change time.
   */
  digest(): Promise<string> {
    return contentDigest(this.folder);
  }

  /** Heads that were planted to suppress refusals, where the folder says so: see `PLANTED_HEADS_FILE`. */
  get plantedHeads(): ReadonlyArray<PlantedHead> | undefined {
    return readPlantedHeads(this.folder, this.config);
  }

  /** Bytes of all weights. */
  get bytes(): number {
    let sum = 0;
    for (const entry of this.weights.values()) sum += entry.length;
    return sum;
  }
}

/** `generation_config.json` may name further end tokens. */
const withGenerationConfig = (folder: string, config: DecoderConfig): DecoderConfig => {
  const eosIds = readGenerationConfig(folder);
  return eosIds.length === 0 ? config : { ...config, eosIds };
};

/** The deepest folder above all these files, links followed. */
const commonFolder = (files: ReadonlySet<string>): string =>
  [...files]
    .map((file) => dirname(realpathSync(file)))
    .reduce((common, folder) => {
      while (relative(common, folder).startsWith("..")) common = dirname(common);
      return common;
    });
