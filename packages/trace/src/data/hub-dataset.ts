/** Rows of `hf://datasets/org/name`: Parquet in place by Range, other formats by way of the Hugging Face cache. */
import { createHash } from "node:crypto";
import {
  cachedHubFile,
  fetchHubFile,
  findHubRepository,
  type HubFile,
  type HubOptions,
  type HubRepository,
  hubFileParts,
  hubSettings,
  listHubFiles,
  showReference,
} from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { asyncBufferFromUrl } from "hyparquet";
import { type SplitFiles, splitFiles } from "./dataset-files.ts";
import { formatOf, readDataFile } from "./read-file.ts";
import { readParquet } from "./read-parquet.ts";
import { wholeText } from "./read-text.ts";
import type { PlacedRow, Wanted } from "./row.ts";

/** Where the hub keeps its own conversion of data sets that come in other formats. */
const CONVERTED = "refs/convert/parquet";

export interface HubSplit {
  readonly repository: HubRepository;
  readonly files: SplitFiles;
  readonly listed: ReadonlyMap<string, HubFile>;
}

/** Finds a config's split. Downloads the data set's card at most. Rejects with `HubError`, `StageError`. */
export const findHubSplit = async (
  source: string,
  config: string | undefined,
  split: string,
  { settings = hubSettings(), signal, onNotice }: HubOptions = {},
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
  if (found !== undefined) return found;
  const plain = `hf://datasets/${reference.name}`;
  if (reference.revision !== "main") return noData(source);
  const converted = await findHubRepository(`${plain}@${CONVERTED}`, repository.connection);
  return (await splitIn(converted, config ?? "default", split)) ?? noData(source);
};

const splitIn = async (
  repository: HubRepository,
  config: string | undefined,
  split: string,
): Promise<HubSplit | undefined> => {
  const what = showReference(repository.reference);
  const listed = new Map((await listHubFiles(repository)).map((file) => [file.path, file]));
  const card = listed.get("README.md");
  const text =
    card === undefined ? undefined : await wholeText(await fetchHubFile(repository, card), `${what} README.md`);
  const files = splitFiles(what, [...listed.keys()], text, config, split);
  return files === undefined ? undefined : { repository, files, listed };
};

const noData = (source: string): never => {
  throw new StageError({
    code: "E_DATASET",
    message: `${source}: holds no data in a known format (.parquet, .jsonl, .json, .csv, .tsv)`,
    remedy: `See whether the hub has a conversion: ${source.replace(/@.*/, "")}@${CONVERTED}`,
  });
};

/**
 * Stands for the content of a split: the commit, and what is asked of it. Without a network nothing can be listed, so files are no
 * part of it; with one, a config or split that does not exist is an error here.
 */
export const hubSplitDigest = async (
  source: string,
  config: string | undefined,
  split: string,
  { settings = hubSettings(), signal, onNotice }: HubOptions = {},
): Promise<string> => {
  const { reference, commit } = await findHubRepository(source, { settings, signal, onNotice });
  if (!settings.offline) await findHubSplit(source, config, split, { settings, signal, onNotice });
  return createHash("sha256")
    .update(JSON.stringify([showReference({ ...reference, revision: commit }), config ?? null, split]))
    .digest("hex");
};

/** The rows, file after file; what the consumer does not take is not fetched. */
export async function* hubRows(
  { repository, files, listed }: HubSplit,
  wanted: Wanted,
  onBytes: (done: number, total: number, file: string) => void = () => {},
): AsyncGenerator<PlacedRow> {
  const { reference, commit } = repository;
  let before = 0;
  for (const path of files.paths) {
    const file = listed.get(path) as HubFile;
    const name = `${showReference({ ...reference, revision: commit })} ${path}`;
    const cached = cachedHubFile(repository, file);
    let rows: AsyncGenerator<PlacedRow>;
    if (cached === undefined && formatOf(path) === "parquet") {
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
      rows = readDataFile(local, name, wanted, files.delimiter);
    }
    let count = 0;
    for await (const placed of rows) yield { ...placed, id: `row-${before + ++count}` };
    before += count;
  }
}
