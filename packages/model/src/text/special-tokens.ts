/** The special tokens of a checkpoint by their names, as transformers gives them to a chat template. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../architecture/index.ts";

/**
 * From `tokenizer_config.json` and `special_tokens_map.json`: each a text or an object with `content`. As in transformers the
 * map is the stronger of the two where the config has no `added_tokens_decoder`; where it has one, the map only adds what the
 * config does not name. Tokens under further names, in `extra_special_tokens` or by a key that ends in `_token`, come along.
 */
export const specialTokens = (folder: string): Readonly<Record<string, string>> => {
  const config = read(join(folder, "tokenizer_config.json"));
  const map = read(join(folder, "special_tokens_map.json"));
  return isObject(config["added_tokens_decoder"])
    ? { ...named(map), ...named(config) }
    : { ...named(config), ...named(map) };
};

const read = (path: string): Readonly<Record<string, unknown>> => (existsSync(path) ? readJson(path) : {});

const named = (source: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> => {
  const extra = [source["model_specific_special_tokens"], source["extra_special_tokens"]].filter(isObject);
  const own = Object.entries(source).filter(([key]) => key.endsWith("_token"));
  const found = [...own, ...extra.flatMap((tokens) => Object.entries(tokens))];
  return Object.fromEntries(
    found.flatMap(([key, value]) => {
      const text = content(value);
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const content = (value: unknown): string | undefined => {
  if (typeof value === "string") return value;
  const text = isObject(value) ? value["content"] : undefined;
  return typeof text === "string" ? text : undefined;
};
