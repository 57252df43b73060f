/**
 * Which files of a data set's repository are a config's split, by the rules of Hugging Face's `datasets`: the card's `configs` where
 * it has any, else names of folders and files; one format only. What those rules leave out is told in `notes`.
 */
import { someOf } from "@precipice/files";
import { Pipeline, StageError } from "@precipice/runtime";
import { type CardConfig, readCard } from "./dataset-card.ts";
import { formatOfFiles, isData, isOfFormat } from "./dataset-format.ts";
import { matching, unreadablePattern } from "./glob.ts";
import { splitsByName } from "./split-names.ts";

export interface SplitFiles {
  readonly config: string;
  readonly split: string;
  /** In the order in which their rows follow each other. */
  readonly paths: ReadonlyArray<string>;
  /** Separator of CSV files, where the card names one. */
  readonly delimiter?: string | undefined;
  /** Rows the card says the split has. */
  readonly rows?: number | undefined;
  /** What was chosen or left out, one sentence each. */
  readonly notes: ReadonlyArray<string>;
  /** Patterns of the card that no file fits, and files that it names and that are not there. */
  readonly unmatched: ReadonlyArray<string>;
}

const failDataset = (message: string, remedy: string): never => {
  throw new StageError({ code: "E_DATASET", message, remedy });
};

/**
 * `card`: the texts of `CARDS`. Fails with `E_DATASET` that names what there is when config or split do not exist; `undefined` when
 * the repository holds no data files, an error as value when they are of a kind that is not read here (a conversion may be).
 */
export const splitFiles = (
  what: string,
  paths: ReadonlyArray<string>,
  card: ReadonlyArray<string | undefined>,
  config: string | undefined,
  split: string,
  /** Whether `paths` are all there are. */
  complete = true,
): SplitFiles | StageError | undefined => {
  const { configs, rowsOf } = readCard(what, card);
  const chosen = chooseConfig(what, configs, config);
  const folder = chosen?.dataDir === undefined ? "" : `${chosen.dataDir}/`;
  const below = paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  const named = chosen?.patterns === undefined ? splitsByName(below) : undefined;
  const patterns = chosen?.patterns ?? named?.patterns;
  if (patterns === undefined) return undefined;
  const name = chosen?.name ?? "default";
  const wrong = [...patterns.keys()].find((key) => !/^\w+(\.\w+)*$/.test(key));
  if (wrong !== undefined)
    return failDataset(
      `${what}: "${wrong}" is no name of a split; it must be letters, digits, "_" and "."`,
      "Choose another revision of the data set",
    );
  if (!patterns.has(split))
    return unknown(
      named === undefined || complete ? what : `${what}: of what the cache holds (HF_HUB_OFFLINE is set)`,
      splitOf(chosen),
      split,
      [...patterns.keys()],
    );
  const found = new Map([...patterns].map(([key, list]) => [key, filesOf(what, list, below)] as const));
  const { files, unmatched: none, again } = found.get(split) as Found;
  const unmatched = named === undefined ? none : []; // of the ways to name a split most find nothing
  const format = formatOfFiles(files);
  if (format === undefined && unmatched.length === 0) return undefined;
  const kept = format === undefined ? [] : files.filter((path) => isOfFormat(path, format));
  if (format !== undefined && !format.isRead) return notRead(what, split, format.reader, kept);
  if (format !== undefined) checkFormat(what, chosen, split, found, files, kept);
  const inFull = (list: ReadonlyArray<string>) => list.map((path) => `${folder}${path}`);
  return {
    config: name,
    split,
    paths: inFull(kept),
    unmatched: inFull(unmatched),
    notes: [
      ...(config === undefined && configs.length > 1 ? [`config "${name}" is the default of ${configs.length}`] : []),
      ...leftOut(inFull(files.filter((path) => !kept.includes(path))), "of another format"),
      ...onceTaken(inFull([...again])),
      ...(named?.named
        ? leftOut(
            inFull(below.filter((path) => isReadable(path) && ![...found.values()].some((one) => one.all.has(path)))),
            "naming no split",
          )
        : []),
    ],
    ...(chosen?.delimiter === undefined ? {} : { delimiter: chosen.delimiter }),
    ...(rowsOf(name, split) === undefined ? {} : { rows: rowsOf(name, split) }),
  };
};

const splitOf = (chosen: CardConfig | undefined): string =>
  chosen === undefined ? "split" : `split of config "${chosen.name}"`;

const isReadable = (path: string): boolean =>
  isData(path) && (formatOfFiles([path])?.isRead ?? false) && !isIgnored(path);
const isIgnored = (path: string): boolean => matching("**", [path]).length === 0;

const chooseConfig = (
  what: string,
  configs: ReadonlyArray<CardConfig>,
  name: string | undefined,
): CardConfig | undefined => {
  const names = configs.map((config) => config.name);
  if (configs.length === 0)
    return name === undefined || name === "default" ? undefined : unknown(what, "config", name, ["default"]);
  if (new Set(names).size < names.length)
    return failDataset(`${what}: its card has two configs of one name: ${names.join(", ")}`, "Choose another revision");
  const defaults = configs.filter((config) => configs.length === 1 || config.name === "default" || config.isDefault);
  if (name === undefined && defaults.length > 1)
    return failDataset(
      `${what}: its card has several default configs: ${defaults.map((config) => config.name).join(", ")}`,
      'Choose one with "config"',
    );
  const chosen = name === undefined ? defaults[0] : configs.find((config) => config.name === name);
  if (chosen === undefined) return unknown(what, "config", name, names);
  if (chosen.unread.length > 0)
    return failDataset(
      `${what}: the card's config "${chosen.name}" sets ${chosen.unread.join(", ")}, which is not followed here: its rows would be others`,
      "Load it with Python's datasets and save it as Parquet or JSON Lines, then name that file",
    );
  return chosen;
};

interface Found {
  /** With an ending of some format. */
  readonly files: ReadonlyArray<string>;
  readonly all: ReadonlySet<string>;
  /** Of `files` those that several patterns take. */
  readonly again: ReadonlySet<string>;
  readonly unmatched: ReadonlyArray<string>;
}

/** The files of a list of patterns, pattern after pattern, each once. */
const filesOf = (what: string, patterns: ReadonlyArray<string>, paths: ReadonlyArray<string>): Found => {
  const all = new Set<string>();
  const again = new Set<string>();
  const unmatched: string[] = [];
  for (const pattern of new Set(patterns)) {
    const problem = unreadablePattern(pattern);
    if (problem !== undefined)
      return failDataset(
        `${what}: the card's pattern "${pattern}" ${problem}`,
        "Download the files, and name one as the source",
      );
    const found = matching(pattern, paths).filter(isData);
    if (found.length === 0) unmatched.push(pattern);
    for (const path of found) (all.has(path) ? again : all).add(path);
  }
  return { files: [...all], all, again, unmatched };
};

const notRead = (what: string, split: string, reader: string, paths: ReadonlyArray<string>): StageError =>
  new StageError({
    code: "E_DATASET",
    message: `${what}: the files of split "${split}" are read as ${reader} (${some(paths)}), which is not supported; supported are Parquet, JSON Lines, JSON, CSV and TSV, the last four also in .gz and .zst`,
    remedy: "Load it with Python's datasets and save it as Parquet or JSON Lines, then name that file",
  });

/** What is no single format that is read here is an error: the rows of some files would be missing. */
const checkFormat = (
  what: string,
  chosen: CardConfig | undefined,
  split: string,
  found: ReadonlyMap<string, Found>,
  files: ReadonlyArray<string>,
  kept: ReadonlyArray<string>,
): void => {
  const format = formatOfFiles(files);
  if (format === undefined) return;
  if (chosen?.patterns !== undefined && kept.length < files.length)
    failDataset(
      `${what}: the card's config "${chosen.name}" names files of several formats for split "${split}": ${some(files)}`,
      "Download the files, and name one as the source",
    );
  for (const [other, { files: theirs }] of found) {
    const reader = formatOfFiles(theirs)?.reader;
    if (reader === undefined || reader === format.reader) continue;
    failDataset(
      `${what}: split "${split}" is ${format.reader} and split "${other}" is ${reader}: a data set has one format`,
      "Download the files, and name one as the source",
    );
  }
  const archives = kept.filter((path) => !isReadablePath(path));
  if (archives.length > 0)
    failDataset(
      `${what}: ${some(archives)} of split "${split}" is in no form that is read here`,
      "Download and unpack the files, and name one as the source",
    );
};

const isReadablePath = (path: string): boolean =>
  /\.(?:jsonl|ndjson|json|csv|tsv|parquet)(?:\.(?:gz|zst))?$/i.test(path);

const some = (paths: ReadonlyArray<string>): string =>
  `${paths.slice(0, 3).join(", ")}${paths.length > 3 ? ` and ${paths.length - 3} more` : ""}`;

const onceTaken = (paths: ReadonlyArray<string>): string[] =>
  paths.length === 0 ? [] : [`taken once, though several patterns name it: ${some(paths)}`];

const leftOut = (paths: ReadonlyArray<string>, why: string): string[] =>
  paths.length === 0 ? [] : [`left out, ${why}: ${some(paths)}`];

const unknown = (what: string, kind: string, name: string | undefined, names: ReadonlyArray<string>): never => {
  const near = name === undefined ? undefined : Pipeline.nearest(name, names);
  return failDataset(
    name === undefined
      ? `${what}: has several configs, and none was chosen: ${someOf(names)}`
      : `${what}: has no ${kind} "${name}"; there are ${someOf(names) || "none"}`,
    near === undefined ? 'Choose with "config" and "split"' : `Did you mean "${near}"?`,
  );
};

/** Files of the hub's own Parquet conversion: `config/split/0000.parquet`, or `config/partial-split/…` where it stopped early. */
export const convertedFiles = (
  what: string,
  paths: ReadonlyArray<string>,
  config: string | undefined,
  split: string,
): SplitFiles | undefined => {
  const parts = paths
    .map((path) => ({ path, match: /^([^/]+)\/(partial-)?([^/]+)\/\d+\.parquet$/.exec(path) }))
    .flatMap(({ path, match }) =>
      match === null
        ? []
        : [{ path, config: match[1] as string, partial: match[2] !== undefined, split: match[3] as string }],
    );
  if (parts.length === 0) return undefined;
  const configs = [...new Set(parts.map((part) => part.config))].sort();
  const chosen = config ?? (configs.length === 1 ? configs[0] : configs.find((name) => name === "default"));
  if (chosen === undefined || !configs.includes(chosen)) return unknown(what, "config", chosen, configs);
  const ofConfig = parts.filter((part) => part.config === chosen);
  const ofSplit = ofConfig.filter((part) => part.split === split);
  if (ofSplit.length === 0)
    return unknown(what, `split of config "${chosen}"`, split, [...new Set(ofConfig.map((part) => part.split))]);
  const whole = ofSplit.filter((part) => !part.partial);
  const taken = (whole.length > 0 ? whole : ofSplit).map(({ path }) => path).sort();
  const notes =
    whole.length > 0
      ? []
      : [
          `the hub converted only the beginning of split "${split}" (${chosen}/partial-${split}): its other rows are missing`,
        ];
  return { config: chosen, split, paths: taken, unmatched: [], notes };
};
