/**
 * Rows to and from Parquet. hyparquet is the maintained successor of parquetjs: no dependencies, and it reads what others
 * write. Files open as they are in DuckDB, pandas and polars.
 */
import {
  type AsyncBuffer,
  parquetMetadata,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from "hyparquet";
import { ByteWriter, ParquetWriter, parquetWriteBuffer } from "hyparquet-writer";
import type { Column } from "./column.ts";

/** Columns of places on a map are none here, and looking for them never ends where a header says "minus two children". */
const PLAIN = { geoparquet: false } as const;

export type Row = { readonly [column: string]: unknown };

/** Encodes rows as one Parquet file (Snappy). An integer column becomes INT64 only when a value does not fit INT32. */
export function encodeParquet(columns: ReadonlyArray<Column>, rows: ReadonlyArray<Row>): ArrayBuffer {
  const schema: Array<SchemaElement> = [{ name: "root", num_children: columns.length }];
  const columnData = columns.map((column) => {
    const wide = column.type === "int" && rows.some((row) => isWide(row[column.name]));
    schema.push(...elements(column, wide));
    return { name: column.name, data: rows.map((row) => (wide ? widen(row[column.name]) : row[column.name])) };
  });
  return parquetWriteBuffer({ columnData, schema, createdBy: "precipice" });
}

/**
 * Decodes a Parquet file into row objects with exactly `columns`.
 *
 * @throws Error when the bytes are not Parquet or a column is missing.
 */
export async function decodeParquet(
  columns: ReadonlyArray<Column>,
  bytes: Uint8Array<ArrayBuffer>,
  limit?: number,
): Promise<Array<Row>> {
  const rows = await parquetReadObjects({
    file: bytes.buffer,
    metadata: parquetMetadata(bytes.buffer, PLAIN),
    columns: columns.map((column) => column.name),
    ...(limit === undefined ? {} : { rowEnd: limit }),
  });
  return narrowed(columns, rows);
}

function narrowed(columns: ReadonlyArray<Column>, rows: Array<Record<string, unknown>>): Array<Row> {
  for (const { name, type, list, nullable } of columns) {
    if (type !== "int" && !list && !nullable) continue;
    for (const row of rows) row[name] = row[name] == null ? null : narrow(row[name]);
  }
  return rows;
}

/** Rows as one Parquet file, a row group per batch. What a batch becomes can be written and forgotten at once. */
export class ParquetStream {
  readonly #columns: ReadonlyArray<Column>;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  rows = 0;

  /** Later batches are not known yet, so every integer column is INT64. */
  constructor(columns: ReadonlyArray<Column>) {
    this.#columns = columns;
    const schema: Array<SchemaElement> = [{ name: "root", num_children: columns.length }];
    for (const column of columns) schema.push(...elements(column, column.type === "int"));
    this.#writer = new ParquetWriter({ writer: this.#bytes, schema, createdBy: "precipice" });
  }

  /** Encodes one batch; returns the bytes to append to the file. */
  write(rows: ReadonlyArray<Row>): Uint8Array {
    if (rows.length > 0) {
      const columnData = this.#columns.map(({ name, type }) => ({
        name,
        data: rows.map((row) => (type === "int" ? widen(row[name]) : row[name])),
      }));
      this.#writer.write({ columnData, rowGroupSize: rows.length });
      this.rows += rows.length;
    }
    return this.#taken();
  }

  /** The bytes that end the file. */
  finish(): Uint8Array {
    this.#writer.finish();
    return this.#taken();
  }

  #taken(): Uint8Array {
    const taken = this.#bytes.getBytes().slice();
    this.#bytes.index = 0; // `offset`, which the footer's positions come from, goes on counting
    return taken;
  }
}

/**
 * The rows of a Parquet file in batches of at most `most`, read row group by row group; one batch in memory at a time. `wanted`
 * names the columns to read.
 *
 * @throws Error when the file is not Parquet or a column is missing.
 */
export async function* parquetBatches(
  columns: ReadonlyArray<Column>,
  file: AsyncBuffer,
  most: number,
  wanted: ReadonlyArray<string>,
): AsyncGenerator<ReadonlyArray<Row>> {
  const metadata = await parquetMetadataAsync(file, PLAIN);
  const used = columns.filter(({ name }) => wanted.includes(name));
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    for (let from = start; from < end; from += most) {
      const rowEnd = Math.min(end, from + most);
      const rows = await parquetReadObjects({ file, metadata, columns: [...wanted], rowStart: from, rowEnd });
      yield narrowed(used, rows);
    }
    start = end;
  }
}

const primitive = { string: "BYTE_ARRAY", number: "DOUBLE", boolean: "BOOLEAN" } as const;

function elements(column: Column, wide: boolean): Array<SchemaElement> {
  const repetition_type = column.nullable ? ("OPTIONAL" as const) : ("REQUIRED" as const);
  const type = column.type === "int" ? (wide ? ("INT64" as const) : ("INT32" as const)) : primitive[column.type];
  const text = column.type === "string" ? { converted_type: "UTF8" as const } : {};
  if (!column.list) return [{ name: column.name, type, repetition_type, ...text }];
  return [
    { name: column.name, repetition_type, converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type, repetition_type: "REQUIRED", ...text },
  ];
}

function isWide(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isWide);
  return typeof value === "number" && value !== (value | 0);
}

function widen(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(widen);
  return typeof value === "number" ? BigInt(value) : value;
}

function narrow(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof BigInt64Array || Array.isArray(value)) return Array.from(value as ArrayLike<unknown>, narrow);
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
}
