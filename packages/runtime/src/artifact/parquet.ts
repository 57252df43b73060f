/**
 * Rows to and from Parquet. hyparquet is the maintained successor of parquetjs: no dependencies, and it reads what others
 * write. Files open as they are in DuckDB, pandas and polars.
 */
import { parquetReadObjects, type SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Column } from "./column.ts";

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
    columns: columns.map((column) => column.name),
    ...(limit === undefined ? {} : { rowEnd: limit }),
  });
  for (const { name, type, list, nullable } of columns) {
    if (type !== "int" && !list && !nullable) continue;
    for (const row of rows) row[name] = row[name] == null ? null : narrow(row[name]);
  }
  return rows;
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
