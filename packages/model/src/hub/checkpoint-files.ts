/** Which files of a repository make a checkpoint: no other formats (.bin, .gguf, onnx), no pictures, no folders. */

import { join } from "node:path";
import { readFileTextSync } from "@precipice/files";
import { sizeOfFile } from "./cache.ts";

/** What is read beside the weights, or what other tools expect beside them. Only the first two must exist. */
const SETTINGS = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
  "added_tokens.json",
];
export const REQUIRED = ["config.json", "tokenizer.json"] as const;

export const SINGLE = "model.safetensors";
/** What the shards of `save_pretrained` are called. */
export const SHARD = /^model-\d+-of-\d+\.safetensors$/;
export const INDEX = "model.safetensors.index.json";

/** Of the names in a repository's top folder, the small files to fetch first. One file of weights goes before an index of shards. */
export const settingsAmong = (names: ReadonlySet<string>): string[] => [
  ...SETTINGS.filter((name) => names.has(name)),
  ...(!names.has(SINGLE) && names.has(INDEX) ? [INDEX] : []),
];

/** The files of weights an index names; `undefined` when it cannot be read. */
export const shardsOf = (index: string): string[] | undefined => {
  try {
    const { weight_map } = JSON.parse(readFileTextSync(index, 64 << 20)) as { weight_map?: Record<string, unknown> };
    const names = [...new Set(Object.values(weight_map ?? {}).map(String))].sort();
    return names.length > 0 && names.every((name) => /^[\w-][\w.-]*\.safetensors$/.test(name)) ? names : undefined;
  } catch {
    return undefined;
  }
};

/** What a snapshot folder lacks of all that opening a checkpoint needs; nothing when it is whole. */
export const missingOfCheckpoint = (folder: string): string[] => {
  const lacks = (name: string) => sizeOfFile(join(folder, name)) === undefined;
  const missing: string[] = REQUIRED.filter(lacks);
  if (!lacks(SINGLE)) return missing;
  if (lacks(INDEX)) return [...missing, `${SINGLE} or ${INDEX}`];
  return [...missing, ...(shardsOf(join(folder, INDEX)) ?? ["the shards its index names"]).filter(lacks)];
};
