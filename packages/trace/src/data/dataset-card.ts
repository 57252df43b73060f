/** What a data set's card (`README.md`, `.huggingface.yaml`) says of its configs: files, folder, separator. */
import { StageError } from "@precipice/runtime";
import { parse, YAMLError } from "yaml";
import type { Patterns } from "./split-names.ts";

export interface CardConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Folder that its patterns, or the names of its splits, are looked for in; without slashes around. */
  readonly dataDir: string | undefined;
  readonly delimiter: string | undefined;
  /** `undefined` where names decide. */
  readonly patterns: Patterns | undefined;
  /** Settings of a reader that change rows and are not followed here. */
  readonly unread: ReadonlyArray<string>;
}

/** Names of the files that are a repository's card, in the order in which they are read; the later goes before. */
export const CARDS = ["README.md", ".huggingface.yaml"] as const;

/** Fields of the readers of `datasets` that leave the rows as they are; what is no field of theirs they ignore as well. */
const OTHER_READER_FIELDS = new Set(
  `header names column_names index_col usecols prefix converters true_values false_values skipinitialspace skiprows nrows na_values
  thousands decimal lineterminator quotechar quoting escapechar comment encoding dialect skipfooter doublequote skip_blank_lines
  encoding_errors on_bad_lines field filters on_bad_files`.split(/\s+/),
);
const USUAL: { readonly [field: string]: RegExp } = {
  header: /^(?:infer|0)$/,
  quotechar: /^"$/,
  doublequote: /^true$/i,
  quoting: /^0$/,
  decimal: /^\.$/,
  encoding: /^utf-?8$/i,
  skipfooter: /^0$/,
  skiprows: /^0$/,
  skip_blank_lines: /^true$/i,
  on_bad_lines: /^error$/,
  on_bad_files: /^error$/,
  encoding_errors: /^strict$/,
};

export interface DatasetCard {
  readonly configs: ReadonlyArray<CardConfig>;
  /** Rows of a split, where `dataset_info` tells. */
  readonly rowsOf: (config: string, split: string) => number | undefined;
}

/** Reads the texts of `CARDS`. Fails with `E_DATASET` where they are no YAML or their `configs` are malformed. */
export const readCard = (what: string, texts: ReadonlyArray<string | undefined>): DatasetCard => {
  const [readme, own] = texts;
  const header = /^\uFEFF?---\r?\n(?:([\s\S]*?)\r?\n)??---[ \t]*(?:\r?\n|$)/.exec(readme ?? "")?.[1];
  const data = { ...yamlOf(`${what} ${CARDS[0]}: its header`, header), ...yamlOf(`${what} ${CARDS[1]}`, own) };
  const configs = data["configs"] ?? [];
  if (!Array.isArray(configs)) return malformed(what, "configs", configs);
  const read = configs.map((item) => configOf(what, item));
  return { configs: read, rowsOf: (config, split) => rowsIn(data["dataset_info"], config, split) };
};

/** All scalars as they are written: a config named `no` or `1.0` stays that. */
const yamlOf = (what: string, text: string | undefined): Record<string, unknown> => {
  if (text === undefined) return {};
  try {
    const value: unknown = parse(text, { schema: "failsafe" });
    return isRecord(value) ? value : {};
  } catch (cause) {
    if (!(cause instanceof YAMLError)) throw cause;
    throw new StageError({
      code: "E_DATASET",
      message: `${what} is no YAML: ${cause.message}`,
      remedy: "Choose another revision of the data set",
      cause,
    });
  }
};

const configOf = (what: string, item: unknown): CardConfig => {
  if (!isRecord(item) || typeof item["config_name"] !== "string") return malformed(what, "configs", item);
  const files = item["data_files"];
  const dataDir = item["data_dir"];
  return {
    name: item["config_name"],
    isDefault: /^true$/i.test(String(item["default"])),
    dataDir: typeof dataDir === "string" ? dataDir.replace(/^(?:\.?\/)+|\/+$/g, "") || undefined : undefined,
    delimiter: [item["delimiter"], item["sep"]].find((value) => typeof value === "string") as string | undefined,
    patterns: files === undefined ? undefined : patternsOf(what, files),
    unread: Object.entries(item).flatMap(([field, value]) =>
      OTHER_READER_FIELDS.has(field) && !(typeof value === "string" && USUAL[field]?.test(value)) ? [field] : [],
    ),
  };
};

/** A pattern, a list of them (both `train`), or `{ split, path }` for each split. */
const patternsOf = (what: string, files: unknown): Patterns => {
  if (typeof files === "string") return new Map([["train", [files]]]);
  if (!Array.isArray(files)) return malformed(what, "data_files", files);
  if (files.every((item) => typeof item === "string")) return new Map([["train", files]]);
  const patterns = new Map<string, ReadonlyArray<string>>();
  for (const item of files) {
    const { split, path } = isRecord(item) ? item : {};
    const paths = Array.isArray(path) ? path : [path];
    if (typeof split !== "string" || !paths.every((one) => typeof one === "string") || patterns.has(split))
      return malformed(what, "data_files", item);
    patterns.set(split, paths);
  }
  return patterns;
};

const rowsIn = (info: unknown, config: string, split: string): number | undefined => {
  const infos = Array.isArray(info) ? info : [info];
  const own = infos
    .filter(isRecord)
    .filter((one) => infos.length === 1 || (one["config_name"] ?? "default") === config);
  if (own.length !== 1 || (own[0]?.["config_name"] ?? config) !== config) return undefined;
  const splits = own[0]?.["splits"];
  const found = Array.isArray(splits) ? splits.filter(isRecord).find(({ name }) => name === split) : undefined;
  const rows = Number(found?.["num_examples"] ?? Number.NaN);
  return Number.isSafeInteger(rows) ? rows : undefined;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const malformed = (what: string, field: string, value: unknown): never => {
  throw new StageError({
    code: "E_DATASET",
    message: `${what}: the card's ${field} cannot be read: ${JSON.stringify(value).slice(0, 120)}`,
    remedy:
      "It must be a list of { config_name, data_files }, where data_files is a path, a list of paths, or a list of { split, path }; choose another revision",
  });
};
