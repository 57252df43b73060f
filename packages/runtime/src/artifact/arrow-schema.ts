/** The schema message of an Arrow file, read by ourselves: the few types that vector sets are made of, and no other. */
import type { FlatTable } from "./flatbuffer.ts";

/** What the buffers of a column are; `list` and `vector` have one part. Widths in bits of one value. */
export type ColumnShape =
  | { readonly type: "values"; readonly bits: number }
  | { readonly type: "text" }
  | { readonly type: "list"; readonly item: ColumnShape }
  | { readonly type: "vector"; readonly size: number; readonly item: ColumnShape };

/** Numbers of `Schema.fbs` and `Message.fbs` of the Arrow format, version 1. */
const TYPES = { int: 2, float: 3, utf8: 5, bool: 6, list: 12, fixedList: 16 } as const;
export const HEADERS = { schema: 1, batch: 3 } as const;

const mostColumns = 1000;
/** Pairs of names and values, of which our files have none. */
const mostPairs = 1000;

/**
 * The columns of a schema.
 *
 * @throws Error when it has types that no vector set has, or is not one.
 */
export function shapesOf(schema: FlatTable): ReadonlyArray<ColumnShape> {
  if (schema.int16(0) !== 0) throw new Error("its numbers are big-endian");
  const fields = schema.tables(1);
  if (fields.length > mostColumns) throw new Error(`it has ${fields.length} columns, more than ${mostColumns}`);
  checkPairs(schema, 2);
  return fields.map((field) => shapeOf(field, 0));
}

function shapeOf(field: FlatTable, depth: number): ColumnShape {
  const name = field.text(0);
  if (field.has(4)) throw new Error(`column ${JSON.stringify(name.slice(0, 100))} has a dictionary`);
  checkPairs(field, 6);
  const type = field.table(3);
  const parts = field.tables(5);
  const kind = field.uint8(2);
  const scalar = scalarOf(kind, type);
  if (scalar !== undefined && parts.length === 0) return scalar;
  const [part] = parts;
  const isList = kind === TYPES.list || kind === TYPES.fixedList;
  if (!isList || part === undefined || parts.length !== 1 || depth > 0 || type === undefined)
    throw new Error(`column ${JSON.stringify(name.slice(0, 100))} has a type that no vector set has`);
  const item = shapeOf(part, depth + 1);
  if (kind === TYPES.list) return { type: "list", item };
  const size = type.int32(0);
  if (size < 0) throw new Error(`its vectors have ${size} values`);
  return { type: "vector", size, item };
}

function scalarOf(kind: number, type: FlatTable | undefined): ColumnShape | undefined {
  if (type === undefined) return undefined;
  if (kind === TYPES.utf8) return { type: "text" };
  if (kind === TYPES.bool) return { type: "values", bits: 1 };
  if (kind === TYPES.float) {
    const precision = type.int16(0);
    return precision < 0 || precision > 2 ? undefined : { type: "values", bits: 16 << precision };
  }
  if (kind !== TYPES.int) return undefined;
  const bits = type.int32(0);
  return [8, 16, 32, 64].includes(bits) ? { type: "values", bits } : undefined;
}

function checkPairs(table: FlatTable, field: number): void {
  const pairs = table.tables(field);
  if (pairs.length > mostPairs) throw new Error(`its metadata has ${pairs.length} pairs`);
  for (const pair of pairs) {
    pair.text(0);
    pair.text(1);
  }
}
