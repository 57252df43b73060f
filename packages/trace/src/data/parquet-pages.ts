/**
 * What the headers of a Parquet file claim, checked against each other before anything is unpacked: a decoder believes them, gives rows
 * of nothing where pages are missing, and makes room for as many values as a header of a few bytes states.
 */
import type { AsyncBuffer, ColumnMetaData, PageHeader, RowGroup, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { checkHybrid, checkRuns, levelBits, type PageRuns, runsOf } from "./parquet-runs.ts";

/** Rows, values of one column, and bytes of all wanted columns when unpacked: of one row group, which is held in memory. */
const MOST_ROWS = 1 << 24;
const MOST_VALUES = 1 << 25;
const MOST_BYTES = 2 ** 31;

interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly bytes: ArrayBuffer;
}

/** The packed pages of a row group, and what their runs are checked against once they are unpacked. */
export class PackedPages {
  /** By place in their column and length; the decoder holds copies of the bytes, so the bytes tell which it is. */
  readonly #pages = new Map<string, { readonly packed: Uint8Array; readonly runs: PageRuns }[]>();

  add(packed: Uint8Array, runs: PageRuns): void {
    const key = keyOf(packed);
    this.#pages.set(key, [...(this.#pages.get(key) ?? []), { packed, runs }]);
  }

  /** Throws `Error` where the runs of a page, packed and as it is, lie, or where it is none of these pages. */
  check(packed: Uint8Array, page: Uint8Array): void {
    const same = (this.#pages.get(keyOf(packed)) ?? []).filter((one) => Buffer.compare(one.packed, packed) === 0);
    if (same.length === 0) throw new Error("a page where none is stated");
    for (const { runs } of same) checkRuns(page, runs);
  }
}

const keyOf = ({ byteOffset, length }: Uint8Array): string => `${byteOffset} ${length}`;

/**
 * Reads the wanted columns of a row group and checks their pages. The result gives their bytes without reading them again, and takes
 * part in unpacking. Throws `Error` with what does not fit. `flat`: columns of one value a row.
 */
export const checkedGroup = async (
  file: AsyncBuffer,
  group: RowGroup,
  columns: ReadonlyArray<string>,
  flat: ReadonlySet<string>,
  schema: SchemaTree,
): Promise<{ readonly file: AsyncBuffer; readonly pages: PackedPages }> => {
  const rows = Number(group.num_rows);
  if (!(rows >= 0)) throw new Error(`a row group of ${rows} rows`);
  if (rows > MOST_ROWS) throw tooMuch(`has ${rows.toLocaleString("en")} rows`, `${MOST_ROWS.toLocaleString("en")} are`);
  const metas = group.columns.flatMap(({ meta_data: meta }) =>
    meta !== undefined && columns.includes(meta.path_in_schema[0] ?? "") ? [meta] : [],
  );
  const packed = metas.reduce((sum, meta) => sum + Number(meta.total_compressed_size), 0);
  const isInside = (meta: ColumnMetaData) => Number(meta.total_compressed_size) <= file.byteLength;
  if (packed > MOST_BYTES && metas.every(isInside))
    throw tooMuch(`has ${packed.toLocaleString("en")} bytes`, "2 GB are");
  const chunks = await Promise.all(metas.map((meta) => chunkOf(file, meta)));
  const pages = new PackedPages();
  let unpacked = 0;
  for (const [i, meta_data] of metas.entries()) {
    const column = meta_data.path_in_schema[0] ?? "";
    const chunk = chunks[i] as Chunk;
    const { values, bytes } = pagesOf(
      chunk.bytes,
      meta_data,
      getTreePath(schema, meta_data.path_in_schema),
      flat,
      pages,
    );
    unpacked += bytes;
    if (unpacked > MOST_BYTES) throw tooMuch(`unpacks to ${unpacked.toLocaleString("en")} bytes`, "2 GB are");
    const isWhole = flat.has(column) ? values === rows : values === Number(meta_data.num_values) && values >= rows;
    if (!isWhole)
      throw new Error(`column "${column}" has pages of ${values} values, and its row group states ${rows} rows`);
  }
  const slice = (start: number, end = file.byteLength): ArrayBuffer | Promise<ArrayBuffer> => {
    const held = chunks.filter((one) => one.start < end && start < one.end);
    if (held.length === 0) return Promise.resolve(file.slice(start, end));
    if (held.length === 1 && held[0]?.start === start && held[0].end === end) return held[0].bytes;
    const bytes = new Uint8Array(end - start); // what lies between wanted columns is not looked at
    for (const one of held) {
      const from = Math.max(start, one.start);
      bytes.set(new Uint8Array(one.bytes, from - one.start, Math.min(end, one.end) - from), from - start);
    }
    return bytes.buffer;
  };
  return { file: { byteLength: file.byteLength, slice }, pages };
};

/** A dictionary has none. */
const NO_RUNS: PageRuns = { values: 0, levels: [], data: "plain" };

const tooMuch = (what: string, most: string): Error =>
  new Error(`a row group ${what}, and at most ${most} read at once; write the file with smaller row groups`);

const chunkOf = async (file: AsyncBuffer, meta: ColumnMetaData): Promise<Chunk> => {
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  const end = start + Number(meta.total_compressed_size);
  if (!(start >= 0 && end >= start && end <= file.byteLength))
    throw new Error(`column "${meta.path_in_schema[0]}" lies at bytes ${start} to ${end} of ${file.byteLength}`);
  const bytes = start === end ? new ArrayBuffer(0) : await file.slice(start, end);
  if (bytes.byteLength !== end - start) throw new Error(`only ${bytes.byteLength} of ${end - start} bytes are there`);
  return { start, end, bytes };
};

/** Values and unpacked bytes that the headers of a column's pages state: of as many pages as the decoder will read. */
const pagesOf = (
  buffer: ArrayBuffer,
  meta: ColumnMetaData,
  path: SchemaTree[],
  flat: ReadonlySet<string>,
  packed: PackedPages,
): { values: number; bytes: number } => {
  const [column = ""] = meta.path_in_schema;
  const wanted = Number(meta.num_values);
  const reader = { view: new DataView(buffer), offset: 0 };
  let [values, bytes] = [0, 0];
  while ((values < wanted || !flat.has(column)) && reader.offset < buffer.byteLength - 1) {
    const header = parquetHeader(reader);
    const data = header.data_page_header ?? header.data_page_header_v2;
    const own = data?.num_values ?? header.dictionary_page_header?.num_values ?? 0;
    const size = Number(header.uncompressed_page_size);
    const start = reader.offset;
    reader.offset += header.compressed_page_size;
    if (!(header.compressed_page_size >= 0 && size >= 0 && own >= 0) || reader.offset > buffer.byteLength)
      throw new Error(`a page of column "${column}" is larger than the column`);
    if (data !== undefined) values += own;
    const page = new Uint8Array(buffer, start, header.compressed_page_size);
    if (data === undefined) packed.add(page, NO_RUNS);
    else if (own <= MOST_VALUES) checkPage(page, header, meta.codec, path, packed);
    bytes += size;
    if (own > MOST_VALUES || values > MOST_VALUES)
      throw tooMuch(
        `has ${Math.max(own, values).toLocaleString("en")} values in column "${column}"`,
        `${MOST_VALUES.toLocaleString("en")} are`,
      );
  }
  return { values, bytes };
};

/** Checks the runs of a page that is not packed, and notes those of one that is. */
const checkPage = (
  page: Uint8Array,
  { data_page_header: first, data_page_header_v2: second }: PageHeader,
  codec: ColumnMetaData["codec"],
  path: SchemaTree[],
  packed: PackedPages,
): void => {
  let data = page;
  if (second !== undefined) {
    const lengths = [second.repetition_levels_byte_length, second.definition_levels_byte_length] as const;
    if (!(lengths[0] >= 0 && lengths[1] >= 0 && lengths[0] + lengths[1] <= page.length))
      throw new Error("the levels of a page are larger than the page");
    const [repetition, definition] = levelBits(path);
    if (repetition > 0) checkHybrid(page, repetition, second.num_values);
    if (definition > 0) checkHybrid(page.subarray(lengths[0]), definition, second.num_values);
    data = page.subarray(lengths[0] + lengths[1]);
  }
  const runs = runsOf((second ?? first) as NonNullable<typeof second>, path, second === undefined);
  if (codec === "UNCOMPRESSED" || second?.is_compressed === false) checkRuns(data, runs);
  else packed.add(data, runs);
};
