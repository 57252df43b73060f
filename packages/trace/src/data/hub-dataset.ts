/** Rows of `hf://datasets/org/name`: Parquet in place by Range, other formats by way of the Hugging Face cache. */
import { createHash } from "node:crypto";
import {
  cachedHubFile,
  fetchHubFile,
  findHubRepository,
  HubError,
  type HubFile,
  type HubListing,
  type HubOptions,
  type HubRepository,
  hubFileIdentity,
  hubFileParts,
  hubSettings,
  listHubFiles,
  showReference,
} from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { asyncBufferFromUrl } from "hyparquet";
import { CARDS } from "./dataset-card.ts";
import { convertedFiles, type SplitFiles, splitFiles } from "./dataset-files.ts";
import { gapsIn, missingShards } from "./dataset-shards.ts";
import { hasMagic } from "./glob.ts";
import { readDataFile } from "./read-file.ts";
import { readParquet } from "./read-parquet.ts";
import { wholeText } from "./read-text.ts";
import type { PlacedRow, Wanted } from "./row.ts";
import { unpacked } from "./unpack.ts";

/** Where the hub keeps its own conversion of data sets that come in other formats. */
const CONVERTED = "refs/convert/parquet";

export interface HubSplit {
  readonly repository: HubRepository;
  readonly files: SplitFiles;
  readonly listed: ReadonlyMap<string, HubFile>;
  /** Whether the list of the repository's files is known, not only what the cache holds of them. */
  readonly complete: boolean;
}

export interface DatasetOptions extends HubOptions {
  /** What a reader of the rows is to know; without it, `onNotice` is told. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Finds a config's split: all of its shards, or an error. Downloads the data set's card at most. `onNote` is told what the rules left
 * out and what could not be known. Rejects with `HubError`, `StageError`.
 */
export const findHubSplit = async (
  source: string,
  config: string | undefined,
  split: string,
  { settings = hubSettings(), signal, onNotice, onNote = onNotice }: DatasetOptions = {},
): Promise<HubSplit> => {
  const repository = await findHubRepository(source, { settings, signal, onNotice });
  const { reference } = repository;
  if (reference.type !== "dataset") {
    throw new StageError({
      code: "E_DATASET",
      message: `${source} is a model, not a data set`,
      remedy: `Write hf://datasets/${reference.name}`,
    });
  }
  const found = await splitIn(repository, config, split);
  if (!("missing" in found)) return said(found, onNote);
  if (reference.revision !== "main") throw found.missing;
  const plain = `hf://datasets/${reference.name}`;
  const converted = await findHubRepository(`${plain}@${CONVERTED}`, repository.connection).catch((error) => {
    const none = error instanceof HubError && ["E_HUB_REVISION", "E_HUB_OFFLINE"].includes(error.code);
    throw none ? found.missing : error;
  });
  const instead = await splitIn(converted, config, split);
  if ("missing" in instead) throw found.missing;
  onNote?.(`${source}: ${found.missing.message.replace(/^\S+: /, "")}; taken from the hub's Parquet conversion`);
  return said(instead, onNote);
};

const said = (found: HubSplit, onNote: DatasetOptions["onNote"]): HubSplit => {
  const { files, repository, complete } = found;
  const what = showReference(repository.reference);
  for (const note of files.notes) onNote?.(`${what}: ${note}`);
  if (!complete)
    onNote?.(
      `${what}: HF_HUB_OFFLINE is set, and the cache has no list of the repository's files: taken are the ${files.paths.length} of split "${files.split}" that are there (${files.paths[0]} …), and nothing tells whether there are more`,
    );
  return found;
};

const splitIn = async (
  repository: HubRepository,
  config: string | undefined,
  split: string,
): Promise<HubSplit | { readonly missing: StageError | HubError }> => {
  const { reference } = repository;
  const what = showReference(reference);
  const listing = await listHubFiles(repository);
  const listed = new Map(listing.files.map((file) => [file.path, file]));
  const paths = [...listed.keys()];
  const isConversion = reference.revision === CONVERTED;
  const script = `${reference.name.replace(/^.*\//, "")}.py`;
  const none = { missing: noData(what, listing, listed.has(script) ? script : undefined) };
  if (listed.has(script) && !isConversion) return none;
  const card: (string | undefined)[] = [];
  for (const name of CARDS) {
    const file = isConversion ? undefined : listed.get(name);
    card.push(
      file === undefined ? undefined : await wholeText(await fetchHubFile(repository, file), `${what} ${name}`),
    );
  }
  const files = isConversion
    ? convertedFiles(what, paths, config, split)
    : splitFiles(what, paths, card, config, split, listing.complete);
  if (files === undefined) return none;
  if (files instanceof StageError) return { missing: files };
  checkWhole(what, files, listing.complete);
  if (files.paths.length === 0) return none;
  return { repository, files, listed, complete: listing.complete };
};

/** A part of a data set is no data set. */
const checkWhole = (what: string, { paths, split, unmatched }: SplitFiles, complete: boolean): void => {
  const named = unmatched.filter((pattern) => !complete || !hasMagic(pattern));
  const absent = [...named, ...missingShards(paths), ...(complete ? [] : gapsIn(paths))];
  if (absent.length === 0) return;
  const names = `${absent.slice(0, 3).join(", ")}${absent.length > 3 ? ` and ${absent.length - 3} more` : ""}`;
  if (!complete)
    throw new HubError({
      code: "E_HUB_OFFLINE",
      what,
      problem: `of split "${split}" the cache lacks ${names}, and HF_HUB_OFFLINE is set`,
      remedy: "Unset HF_HUB_OFFLINE once, so that all files of the split are fetched or at least listed",
    });
  throw new StageError({
    code: "E_DATASET",
    message: `${what}: the repository lacks ${names} of split "${split}"`,
    remedy: "A part of a split is not taken for the whole: choose another revision, or download the files and name one",
  });
};

const noData = (what: string, { complete }: HubListing, script: string | undefined): StageError | HubError => {
  if (!complete)
    return new HubError({
      code: "E_HUB_OFFLINE",
      what,
      problem: "the cache holds no data file of it, and HF_HUB_OFFLINE is set",
      remedy: "Unset HF_HUB_OFFLINE once to download it, or name a revision that is there",
    });
  return new StageError({
    code: "E_DATASET",
    message:
      script === undefined
        ? `${what}: holds no data in a known format (.parquet, .jsonl, .json, .csv, .tsv)`
        : `${what}: is made by a script (${script}), which is not run`,
    remedy: `See whether the hub has a conversion: ${what.replace(/@.*/, "")}@${CONVERTED}`,
  });
};

/**
 * Stands for the content of a split: the commit, what is asked of it, and the files that are read with what identifies their content;
 * so a result that was computed from other files is never taken for this one. Rejects as `findHubSplit` does.
 */
export const hubSplitDigest = async (
  source: string,
  config: string | undefined,
  split: string,
  options: DatasetOptions = {},
): Promise<string> => {
  const { repository, files, listed } = await findHubSplit(source, config, split, options);
  const { reference, commit } = repository;
  const parts: (readonly [string, string])[] = [];
  for (const path of files.paths) parts.push([path, await hubFileIdentity(repository, listed.get(path) as HubFile)]);
  const facts = [
    showReference({ ...reference, revision: commit }),
    files.config,
    split,
    files.delimiter ?? null,
    parts,
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
};

/** Fails with `E_HUB_OFFLINE` when files of a split would have to be fetched and the network may not be used. */
export const checkHubFiles = ({ repository, files, listed }: HubSplit): void => {
  const { settings } = repository.connection;
  const missing = files.paths.filter((path) => cachedHubFile(repository, listed.get(path) as HubFile) === undefined);
  if (!settings.offline || missing.length === 0) return;
  throw new HubError({
    code: "E_HUB_OFFLINE",
    what: showReference(repository.reference),
    problem: `${missing.length} of ${files.paths.length} files of split "${files.split}" are not in the cache (${missing.slice(0, 3).join(", ")}), and HF_HUB_OFFLINE is set`,
    remedy: `Unset HF_HUB_OFFLINE once to download them into ${settings.cacheDir}`,
  });
};

/** Whether a split's rows can be read without the network. */
export const isCached = ({ repository, files, listed }: HubSplit): boolean =>
  files.paths.every((path) => cachedHubFile(repository, listed.get(path) as HubFile) !== undefined);

/** The rows, file after file; what the consumer does not take is not fetched. */
export async function* hubRows(
  { repository, files, listed, complete }: HubSplit,
  wanted: Wanted,
  onBytes: (done: number, total: number, file: string) => void = () => {},
  onNote: DatasetOptions["onNote"] = repository.connection.onNotice,
): AsyncGenerator<PlacedRow> {
  const { reference, commit } = repository;
  let before = 0;
  for (const path of files.paths) {
    const file = listed.get(path) as HubFile;
    const name = `${showReference({ ...reference, revision: commit })} ${path}`;
    const cached = cachedHubFile(repository, file);
    let rows: AsyncGenerator<PlacedRow>;
    if (cached === undefined && /\.parquet$/i.test(path)) {
      rows = readParquet(
        await asyncBufferFromUrl({ ...hubFileParts(repository, file), byteLength: file.bytes }),
        name,
        wanted,
      );
    } else {
      let done = 0;
      const local = await fetchHubFile(repository, file, (bytes) => {
        done += bytes;
        onBytes(done, file.bytes, path);
      });
      rows = unpacked(local, name, (plain, ownName) => readDataFile(plain, ownName, wanted, files.delimiter));
    }
    let count = 0;
    for await (const placed of rows) yield { ...placed, id: `row-${before + ++count}` };
    before += count;
  }
  if (files.rows === undefined || files.rows === before) return;
  const counts = `split "${files.split}" has ${before} rows, and the data set's card says ${files.rows}`;
  if (complete || before > files.rows) return onNote?.(`${showReference(reference)}: ${counts}`);
  throw new HubError({
    code: "E_HUB_OFFLINE",
    what: showReference(reference),
    problem: `in the cache, ${counts}; HF_HUB_OFFLINE is set, and files seem to be missing`,
    remedy: "Unset HF_HUB_OFFLINE once, so that all files of the split are fetched or at least listed",
  });
}
