/** From a source and what is wanted of it to prompts: read, filter, map, drop repetitions, draw. */
import { isAbsolute, resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import type { Prompt } from "@precipice/artifacts";
import { clip, someOf } from "@precipice/files";
import { isHubSource } from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import { distinctPrompts, rowFilter, type Where } from "./choose-rows.ts";
import { type DatasetOptions, findHubSplit, hubRows } from "./hub-dataset.ts";
import { presetOf } from "./presets.ts";
import { readDataFile } from "./read-file.ts";
import { failFile, type PlacedRow, type Row, type Wanted } from "./row.ts";
import { cellText, keyFor } from "./same-value.ts";
import { type Cell, type Columns, type Labels, type Layout, toPrompt, wantedColumns } from "./to-prompt.ts";
import { unpacked } from "./unpack.ts";

/** A data file, `hf://datasets/…` or `preset://…`, and what to make of it. */
export interface DataQuery {
  readonly source: string;
  readonly config?: string | undefined;
  /** `train`, or several: `train+test`. */
  readonly split?: string | undefined;
  /** Read this many rows of the source, from its beginning. */
  readonly take?: number | undefined;
  readonly columns?: Columns | undefined;
  readonly labels?: Labels | undefined;
  readonly where?: Where | undefined;
  readonly label: "harmful" | "harmless" | "both";
  readonly dedup: boolean;
  /** At most this many, drawn by seed. */
  readonly count?: number | undefined;
  readonly seed: number;
}

export interface LoadOptions extends DatasetOptions {
  /** Where relative files are meant from. */
  readonly base: string;
  readonly onRows?: (rows: number, place: string) => void;
  /** What of the query changed nothing: a value or label that no row has, more rows than there are. Told when all rows are read. */
  readonly onUnused?: (message: string) => void;
  /** Bytes that the prompts which are kept may take, about; by default a third of the heap. */
  readonly mostBytes?: number;
}

export const isPreset = (source: string): boolean => source.startsWith("preset://");

/** The query with what its preset says; what the user says goes before that, column by column. */
export const withPreset = (query: DataQuery): DataQuery => {
  if (!isPreset(query.source)) return query;
  const preset = presetOf(query.source);
  return {
    ...query,
    source: preset.source,
    config: query.config ?? preset.config,
    split: query.split ?? preset.split,
    columns: { ...preset.columns, ...query.columns },
    labels: query.labels ?? preset.labels,
    where: { ...preset.where, ...query.where },
  };
};

/** The splits of a query that names several. */
export const splitsOf = ({ split = "train" }: DataQuery): string[] => split.split("+").map((one) => one.trim());

export const dataFile = (source: string, base: string): string => (isAbsolute(source) ? source : resolve(base, source));

/** Rejects with `StageError` or `HubError` that name file, place and column. */
export const loadPrompts = async (asked: DataQuery, options: LoadOptions): Promise<Prompt[]> => {
  const query = withPreset(asked);
  const where = query.where ?? {};
  const filter = rowFilter(where);
  const isNew = query.dedup ? distinctPrompts() : () => true;
  const labelled = labelKeys(query.columns?.label, query.labels);
  const places = new Map<string, string>();
  const prompts: Prompt[] = [];
  const { mostBytes = getHeapStatistics().heap_size_limit / 3 } = options;
  let [read, bytes] = [0, 0];
  for await (const { placed, layout } of first(rowsOf(query, Object.keys(where), options), query.take)) {
    read++;
    options.signal?.throwIfAborted();
    options.onRows?.(read, placed.place);
    checkFiltered(placed, where);
    labelled.note(placed.row);
    if (!filter.keeps(placed.row)) continue;
    const prompt = toPrompt(placed, layout);
    if (query.label !== "both" && prompt.label !== query.label) continue;
    if (!isNew(prompt)) continue;
    const other = places.get(prompt.id);
    if (other !== undefined)
      failFile(`${placed.place}: id "${prompt.id}" is that of ${other}`, "Give every prompt its own id, or none");
    places.set(prompt.id, placed.place);
    prompts.push(prompt);
    bytes += bytesOf(prompt);
    if (bytes > mostBytes)
      failFile(
        `${placed.place}: the ${prompts.length.toLocaleString("en")} prompts up to here take more memory than there is for them`,
        'Read fewer rows with "take", keep fewer with "where" or "label", or give Node a larger heap (NODE_OPTIONS=--max-old-space-size)',
      );
  }
  for (const unused of [...filter.unused(), ...(read === 0 ? [] : labelled.unused())]) options.onUnused?.(unused);
  if (query.take !== undefined && read < query.take)
    options.onUnused?.(`take: ${query.source} has ${read} rows, and take asks for ${query.take}`);
  return query.count === undefined ? prompts : random(query.seed, "data.prompts").sample(prompts, query.count);
};

/** What a prompt and the place of its row take of the heap, about. */
const bytesOf = ({ prompt, id, reference, target, note }: Prompt): number =>
  500 + prompt.length + id.length + [reference, target, note].reduce((sum, text) => sum + (text?.length ?? 0), 0);

/** Which keys of a label table occur. With `*` a key that does not is a mistake nobody sees: all rows get the label of `*`. */
const labelKeys = (cell: Cell = "label", labels: Labels | undefined) => {
  const column = [cell].flat().length === 1 ? String([cell].flat()[0]) : "";
  const keys = labels === undefined || typeof labels === "string" || !("*" in labels) ? [] : Object.keys(labels);
  const unseen = new Set(keys.filter((key) => key !== "*"));
  const values = new Set<string>();
  const note = (row: Row): void => {
    if (unseen.size === 0 || !Object.hasOwn(row, column)) return;
    const text = cellText(row[column]) ?? "";
    unseen.delete(keyFor(text, keys) ?? "*");
    if (values.size < 5) values.add(JSON.stringify(text.slice(0, 60)));
  };
  const unused = () =>
    values.size === 0
      ? []
      : [...unseen].map((key) => `labels: no row has "${key}" in ${column}; its values are ${[...values].join(", ")}`);
  return { note, unused };
};

/** The first n, without asking for one more. */
async function* first<A>(items: AsyncGenerator<A>, n = Number.POSITIVE_INFINITY): AsyncGenerator<A> {
  let count = 0;
  for await (const item of items) {
    yield item;
    if (++count >= n) return;
  }
}

/** An object as text is "[object Object]", whatever it holds. */
const isComparable = (cell: unknown): boolean =>
  cell === null ||
  typeof cell !== "object" ||
  (Array.isArray(cell) && cell.every((one) => one === null || typeof one !== "object"));

/** A misspelt column of a filter would silently keep nothing. */
const checkFiltered = ({ row, place }: PlacedRow, where: Where): void => {
  for (const column of Object.keys(where)) {
    if (Object.hasOwn(row, column)) {
      if (isComparable(row[column])) continue;
      failFile(
        `${place}: column "${column}", which "where" names, holds an object; a text, a number, a boolean or a list of these can be compared`,
        "Filter by another column, or load the data set with Python and save the rows you want",
      );
    }
    failFile(
      `${place}: there is no column "${column}", which "where" names, among ${someOf(
        Object.keys(row)
          .filter((name) => !name.startsWith("$"))
          .map((name) => clip(name, 200)),
      )}`,
      'Check "where"',
    );
  }
};

async function* rowsOf(
  query: DataQuery,
  filtered: ReadonlyArray<string>,
  options: LoadOptions,
): AsyncGenerator<{ placed: PlacedRow; layout: Layout }> {
  const layoutOf = (split: string): Layout => ({ columns: query.columns ?? {}, labels: query.labels, split });
  const wanted: Wanted = wantedColumns(layoutOf(""), filtered);
  const withFacts = (placed: PlacedRow, facts: Row): PlacedRow => ({ ...placed, row: { ...placed.row, ...facts } });
  if (!isHubSource(query.source)) {
    if (query.config !== undefined || query.split !== undefined) {
      throw new StageError({
        code: "E_DATASET",
        message: `${query.source} is a file: it has no config and no split`,
        remedy: 'Leave "config" and "split" out; choose rows with "where"',
      });
    }
    const layout = layoutOf("file");
    const rows = unpacked(dataFile(query.source, options.base), query.source, (plain, name) =>
      readDataFile(plain, name, wanted),
    );
    for await (const placed of rows)
      yield { placed: withFacts(placed, { $split: "file", $config: "default" }), layout };
    return;
  }
  const splits = splitsOf(query);
  for (const split of splits) {
    const found = await findHubSplit(query.source, query.config, split, options);
    const facts = { $split: split, $config: found.files.config };
    for await (const placed of hubRows(found, wanted, options.onProgress, options.onNote ?? options.onNotice)) {
      const id = splits.length > 1 ? `${split}-${placed.id}` : placed.id;
      yield { placed: withFacts({ ...placed, id }, facts), layout: layoutOf(split) };
    }
  }
}
