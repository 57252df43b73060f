/**
 * Parquet, read row group by row group and only the columns that are asked for. The file may be far away: what is not read is not
 * fetched either.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
  type SubColumnData,
  snappyUncompress,
} from "hyparquet";
import { checkedGroup, type PackedPages } from "./parquet-pages.ts";
import { exactColumns, NOT_UTF8, NotUtf8, parsersOf } from "./parquet-values.ts";
import { failEncoding } from "./read-text.ts";
import { checkColumns, checkNames, failFile, type PlacedRow, type Row, type Wanted } from "./row.ts";

/** A page unpacks to what its header states, which is checked to be sensible, and to no more. */
const upTo = (length: number) => ({ maxOutputLength: Math.max(1, length) });

/** Snappy is hyparquet's own; the others come with Node. */
const UNPACK: { readonly [codec: string]: NonNullable<Compressors["GZIP"]> } = {
  SNAPPY: (bytes, length) => {
    const page = new Uint8Array(length);
    snappyUncompress(bytes, page);
    return page;
  },
  GZIP: (bytes, length) => gunzipSync(bytes, upTo(length)),
  BROTLI: (bytes, length) => brotliDecompressSync(bytes, upTo(length)),
  ZSTD: (bytes, length) => zstdDecompressSync(bytes, upTo(length)),
};

/** The codecs, with the pages checked as they are unpacked. */
const checking = (pages: PackedPages): Compressors =>
  Object.fromEntries(
    Object.entries(UNPACK).map(([codec, unpack]) => [
      codec,
      (bytes: Uint8Array, length: number) => {
        const page = unpack(bytes, length);
        pages.check(bytes, page);
        return page;
      },
    ]),
  );
const CODECS: ReadonlyArray<string> = ["UNCOMPRESSED", ...Object.keys(UNPACK)];

/** Rows of a Parquet file; the consumer may stop at any row, and later row groups are then not read. */
export async function* readParquet(
  file: AsyncBuffer,
  name: string,
  { required, optional }: Wanted,
): AsyncGenerator<PlacedRow> {
  const { given, schema } = await metadataOf(file).catch((error: unknown) => unreadable(name, error));
  const there = schema.children.map(({ element }) => element.name);
  checkNames(name, there);
  checkColumns(name, required, there);
  const columns = [...new Set([...required, ...optional.filter((column) => there.includes(column))])];
  checkCodecs(name, given, columns);
  const { metadata, convert } = exactColumns(given);
  const converted = columns.flatMap((column) => (convert.has(column) ? [[column, convert.get(column)!] as const] : []));
  const flat = flatColumns(schema);
  const stated = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (stated !== Number(metadata.num_rows))
    unreadable(name, new Error(`it states ${metadata.num_rows} rows, and its row groups state ${stated}`));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const read = async (marks: boolean) => {
      const { file: held, pages } = await checkedGroup(file, group, columns, flat, schema);
      const parsers = parsersOf(marks);
      const ends = new Map<string, number>();
      const onPage = ({ pathInSchema, rowEnd }: SubColumnData) => void ends.set(pathInSchema.join("."), rowEnd);
      const options = {
        file: held,
        metadata,
        columns,
        rowStart,
        rowEnd,
        compressors: checking(pages),
        parsers,
        onPage,
      };
      const rows = await parquetReadObjects(options);
      const short = [...ends].find(([, end]) => end !== rowEnd);
      if (short !== undefined) throw new Error(`column "${short[0]}" ends behind row ${short[1]}`);
      return rows;
    };
    const rows = await read(false).catch(async (error: unknown) => {
      if (error instanceof NotUtf8) failAtRow(name, rowStart, await read(true));
      return unreadable(`${name} rows ${rowStart + 1} to ${rowEnd}`, error);
    });
    for (const [i, row] of rows.entries()) {
      const at = rowStart + i + 1;
      const absent = columns.find((column) => flat.has(column) && row[column] === undefined);
      if (absent !== undefined) unreadable(`${name} row ${at}`, new Error(`column "${absent}" has no value there`));
      for (const [column, exact] of converted) row[column] = exact(row[column]);
      yield { row: row as Row, place: `${name} row ${at}`, id: `row-${at}` };
    }
    rowStart = rowEnd;
  }
}

/** Columns of one value a row: neither lists nor structures. */
const flatColumns = (schema: SchemaTree): ReadonlySet<string> =>
  new Set(
    schema.children.flatMap(({ element, children }) =>
      children.length === 0 && element.repetition_type !== "REPEATED" ? [element.name] : [],
    ),
  );

/** Without a look for columns of places on a map: it never ends where a header says "minus two children". */
const metadataOf = async (file: AsyncBuffer) => {
  const given = await parquetMetadataAsync(file, { geoparquet: false });
  const wrong = given.schema.find(({ num_children }) => num_children !== undefined && num_children < 0);
  if (wrong !== undefined) throw new Error(`column "${wrong.name}" has ${wrong.num_children} parts`);
  return { given, schema: parquetSchema(given) };
};

const checkCodecs = (name: string, { row_groups }: FileMetaData, columns: ReadonlyArray<string>): void => {
  for (const { meta_data } of row_groups.flatMap((group) => group.columns)) {
    const [column = ""] = meta_data?.path_in_schema ?? [];
    if (meta_data === undefined || !columns.includes(column) || CODECS.includes(meta_data.codec)) continue;
    failFile(
      `${name}: column "${column}" is compressed by ${meta_data.codec}, which is not read here`,
      `Write the file with one of ${CODECS.join(", ")}`,
    );
  }
};

/** Names row and column of the first text that is not UTF-8. */
const failAtRow = (name: string, before: number, rows: ReadonlyArray<Record<string, unknown>>): void => {
  const isMarked = (value: unknown): boolean =>
    value === NOT_UTF8 ||
    (value !== null && typeof value === "object" && !ArrayBuffer.isView(value) && Object.values(value).some(isMarked));
  for (const [i, row] of rows.entries()) {
    const column = Object.keys(row).find((key) => isMarked(row[key]));
    if (column !== undefined)
      failEncoding(`${name} row ${before + i + 1}`, `the text of column "${column}" is not UTF-8`);
  }
};

/** What a hub says stays as it is; anything else is damage. */
const unreadable = (place: string, error: unknown): never => {
  if ((error as { readonly _tag?: unknown })._tag !== undefined) throw error;
  return failFile(
    `${place}: is no readable Parquet: ${(error as Error).message}`,
    "Download or write the file again",
    error,
  );
};
