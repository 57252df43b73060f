/**
 * Vectors to and from an Arrow IPC file (Feather 2): the columns of a set plus `vector: FixedSizeList<float32 | float16>[dim]`.
 * Between its magic and its footer a file is a stream of whole batches, so batches append as they come. Files without magic
 * and footer, as earlier versions wrote them, are read too.
 */
import {
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  Field,
  FixedSizeList,
  type Float,
  Float16,
  Float32,
  Float64,
  Int32,
  List,
  makeData,
  Precision,
  RecordBatch,
  RecordBatchReader,
  Schema,
  Struct,
  Utf8,
  util,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { ArrowFileWriter, type BatchSize } from "./arrow-file-writer.ts";
import { checkArrow } from "./arrow-frame.ts";
import type { Column } from "./column.ts";
import type { Row } from "./parquet.ts";
import type { VectorSet } from "./reader.ts";
import type { VectorBatch } from "./writer.ts";

/** Largest batch: a reader that loses the end of a file loses at most this much. */
const batchBytes = 1 << 27;

/** Encodes batches of one vector set; `write` and `finish` return the bytes to append to the file. */
export class VectorEncoder {
  readonly dim: number;
  readonly dtype: VectorDType;
  rows = 0;
  readonly #columns: ReadonlyArray<Column>;
  readonly #schema: Schema;
  readonly #sink = new Chunks();
  readonly #writer = new ArrowFileWriter();

  constructor(columns: ReadonlyArray<Column>, dim: number, dtype: VectorDType) {
    this.dim = dim;
    this.dtype = dtype;
    this.#columns = columns;
    const vector = new Field("vector", vectorType(dim, dtype), false);
    this.#schema = new Schema([...columns.map((c) => new Field(c.name, arrowType(c), c.nullable)), vector]);
    this.#writer.reset(this.#sink, this.#schema);
  }

  /**
   * Appends `columns.length` rows; the result views `data` where it can, so write it out before changing `data`.
   *
   * @throws RangeError when an integer does not fit 32 bits.
   */
  write({ columns, data }: VectorBatch<Row>): ReadonlyArray<Uint8Array> {
    const rowsPerBatch = Math.max(1, Math.floor(batchBytes / (data.BYTES_PER_ELEMENT * Math.max(1, this.dim))));
    for (let start = 0; start < columns.length; start += rowsPerBatch) {
      const end = Math.min(columns.length, start + rowsPerBatch);
      this.#writer.write(this.#batch(columns.slice(start, end), data.subarray(start * this.dim, end * this.dim)));
    }
    this.rows += columns.length;
    return this.#sink.take();
  }

  /** Room for a whole batch of another such file, whose bytes follow those it returns. */
  splice(batch: BatchSize & { readonly rows: number }): ReadonlyArray<Uint8Array> {
    this.rows += batch.rows;
    const before = this.#sink.take();
    this.#writer.place(batch);
    return before;
  }

  finish(): ReadonlyArray<Uint8Array> {
    const nothing = this.dtype === "f16" ? new Uint16Array(0) : new Float32Array(0);
    if (this.rows === 0) this.#writer.write(this.#batch([], nothing));
    this.#writer.finish();
    return this.#sink.take();
  }

  #batch(rows: ReadonlyArray<Row>, data: Float32Array | Uint16Array): RecordBatch {
    const children = this.#columns.map((column) => columnData(column, rows));
    const length = data.length;
    const item =
      data instanceof Uint16Array
        ? makeData({ type: new Float16(), length, nullCount: 0, data })
        : makeData({ type: new Float32(), length, nullCount: 0, data });
    const vectors = makeData({
      type: vectorType(this.dim, this.dtype),
      length: rows.length,
      nullCount: 0,
      child: item,
    });
    const struct = new Struct(this.#schema.fields);
    const batch = makeData({ type: struct, length: rows.length, nullCount: 0, children: [...children, vectors] });
    return new RecordBatch(this.#schema, batch);
  }
}

/** How vectors are stored; they are read as f32 either way. */
export type VectorDType = "f32" | "f16";

export const dtypeOf = (data: Float32Array | Uint16Array): VectorDType => (data instanceof Uint16Array ? "f16" : "f32");

/**
 * Decodes a whole file. With one f32 batch `data` views `bytes`; with more they are joined in one new array.
 *
 * @throws Error when the bytes are not such a file or a column is missing.
 */
export function decodeVectors(columns: ReadonlyArray<Column>, bytes: Uint8Array): VectorSet<Row> {
  checkArrow(bytes);
  const reader = RecordBatchReader.from(bytes).open();
  const type = reader.schema.fields.find((field) => field.name === "vector")?.type;
  if (!(type instanceof FixedSizeList)) throw new Error("no column vector: FixedSizeList<float32 | float16>");
  const dim: number = type.listSize;
  const rows: Array<Row> = [];
  const parts: Array<Float32Array> = [];
  for (const batch of reader) {
    if (batch.numRows === 0) continue;
    for (const row of rowsOf(columns, batch)) rows.push(row);
    parts.push(floatsOf(batch.getChild("vector") as VectorColumn, dim, batch.numRows));
  }
  return { columns: rows, dim, data: joined(parts) };
}

/** Width and type of the vectors of a stream, of which only the beginning must be there. */
export function vectorsOf(bytes: Uint8Array): { readonly dim: number; readonly dtype: VectorDType } {
  checkArrow(bytes);
  const type = RecordBatchReader.from(bytes)
    .open()
    .schema.fields.find((field) => field.name === "vector")?.type;
  if (!(type instanceof FixedSizeList)) throw new Error("no column vector: FixedSizeList<float32 | float16>");
  // What is read back is a Float of some precision, not of the class it was written as.
  const half = (type.valueType as Float).precision === Precision.HALF;
  return { dim: type.listSize, dtype: half ? "f16" : "f32" };
}

/** The columns of a whole stream without its vectors, whose bytes need not be there yet. */
export function decodeColumns(columns: ReadonlyArray<Column>, bytes: Uint8Array): ReadonlyArray<Row> {
  checkArrow(bytes);
  return [...RecordBatchReader.from(bytes).open()].flatMap((batch) => rowsOf(columns, batch));
}

function rowsOf(columns: ReadonlyArray<Column>, batch: RecordBatch): Array<Row> {
  const sources = columns.map((column) => {
    const vector = batch.getChild(column.name);
    if (vector === null) throw new Error(`no column ${column.name}`);
    return [column, vector] as const;
  });
  return Array.from({ length: batch.numRows }, (_, i) =>
    Object.fromEntries(sources.map(([column, vector]) => [column.name, plain(vector.get(i), column)])),
  );
}

/** Texts in one buffer. Arrow's own builder makes an array of bytes per text: a million rows beside vectors are a million of them. */
function textData(values: ReadonlyArray<string>): Data {
  const valueOffsets = new Int32Array(values.length + 1);
  values.forEach((value, i) => {
    valueOffsets[i + 1] = (valueOffsets[i] as number) + Buffer.byteLength(value);
  });
  const data = Buffer.alloc(valueOffsets[values.length] as number);
  values.forEach((value, i) => {
    data.write(value, valueOffsets[i] as number);
  });
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data });
}

type VectorColumn = Vector<FixedSizeList<Float32 | Float16>>;

function floatsOf(vector: VectorColumn, dim: number, rows: number): Float32Array {
  const chunk = vector.data[0];
  const values: unknown = chunk?.children[0]?.values;
  const halves = values instanceof Uint16Array;
  if (chunk === undefined || !(values instanceof Float32Array || halves))
    throw new Error("column vector is not float32 or float16");
  const data = values.subarray(chunk.offset * dim, (chunk.offset + rows) * dim);
  if (data.length !== rows * dim) throw new Error(`column vector holds ${data.length} of ${rows * dim} values`);
  return data instanceof Float32Array ? data : widened(data);
}

let halfValues: Float32Array | undefined;

/** f16 bits as f32, by a table of all 65,536. */
function widened(bits: Uint16Array): Float32Array {
  halfValues ??= Float32Array.from({ length: 1 << 16 }, (_, half) => util.uint16ToFloat64(half));
  const data = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) data[i] = halfValues[bits[i] as number] as number;
  return data;
}

function joined(parts: ReadonlyArray<Float32Array>): Float32Array {
  if (parts.length === 1) return parts[0] as Float32Array;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return data;
}

const vectorType = (dim: number, dtype: VectorDType): FixedSizeList =>
  new FixedSizeList<DataType>(dim, new Field("item", dtype === "f16" ? new Float16() : new Float32(), false));

function scalar(column: Column): DataType {
  switch (column.type) {
    case "string":
      return new Utf8();
    case "number":
      return new Float64();
    case "boolean":
      return new Bool();
    case "int":
      return new Int32();
  }
}

function arrowType(column: Column): DataType {
  return column.list ? new List(new Field("item", scalar(column), false)) : scalar(column);
}

function columnData(column: Column, rows: ReadonlyArray<Row>): Data {
  const values = rows.map((row) => row[column.name]);
  if (column.type === "string" && !column.list && !values.includes(null)) return textData(values as Array<string>);
  if (column.type === "int" && values.flat().some((value) => value !== null && value !== ((value as number) | 0))) {
    throw new RangeError(`column ${column.name}: integers beside vectors must fit 32 bits`);
  }
  const data = vectorFromArray(values, arrowType(column)).data[0];
  if (data !== undefined && values.length > 0) return data;
  const child = column.list ? { child: makeData({ type: scalar(column), length: 0 } as never) } : {};
  return makeData({ type: arrowType(column), length: 0, nullCount: 0, ...child } as never);
}

function plain(value: unknown, column: Column): unknown {
  if (typeof value === "bigint") return Number(value);
  return column.list && value !== null
    ? Array.from(value as Iterable<unknown>, (v) => plain(v, { ...column, list: false }))
    : value;
}

/** A sink that keeps the chunks the writer emits until they are taken: arrow's own queue would keep them for ever. */
class Chunks extends AsyncByteQueue {
  #chunks: Array<Uint8Array> = [];

  override write(chunk: Uint8Array): undefined {
    this.#chunks.push(chunk);
  }

  take(): ReadonlyArray<Uint8Array> {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
