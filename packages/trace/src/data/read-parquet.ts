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
} from "hyparquet";
import { exactColumns, NOT_UTF8, NotUtf8, parsersOf } from "./parquet-values.ts";
import { failEncoding } from "./read-text.ts";
import { checkColumns, checkNames, failFile, type PlacedRow, type Row, type Wanted } from "./row.ts";

/** Snappy is hyparquet's own; the others come with Node. */
const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes),
};
const CODECS: ReadonlyArray<string> = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)];

/** Rows of a Parquet file; the consumer may stop at any row, and later row groups are then not read. */
export async function* readParquet(
  file: AsyncBuffer,
  name: string,
  { required, optional }: Wanted,
): AsyncGenerator<PlacedRow> {
  const given = await parquetMetadataAsync(file).catch((error: unknown) => unreadable(name, error));
  const there = parquetSchema(given).children.map(({ element }) => element.name);
  checkNames(name, there);
  checkColumns(name, required, there);
  const columns = [...new Set([...required, ...optional.filter((column) => there.includes(column))])];
  checkCodecs(name, given, columns);
  const { metadata, convert } = exactColumns(given);
  const converted = columns.flatMap((column) => (convert.has(column) ? [[column, convert.get(column)!] as const] : []));
  const read = (rowStart: number, rowEnd: number, marks = false) =>
    parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors, parsers: parsersOf(marks) });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await read(rowStart, rowEnd).catch(async (error: unknown) => {
      if (error instanceof NotUtf8) failAtRow(name, rowStart, await read(rowStart, rowEnd, true));
      return unreadable(`${name} rows ${rowStart + 1} to ${rowEnd}`, error);
    });
    for (const [i, row] of rows.entries()) {
      const at = rowStart + i + 1;
      for (const [column, exact] of converted) row[column] = exact(row[column]);
      yield { row: row as Row, place: `${name} row ${at}`, id: `row-${at}` };
    }
    rowStart = rowEnd;
  }
}

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
