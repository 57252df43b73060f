/**
 * The safetensors format: an 8-byte header length, a JSON header, raw little-endian tensors.
 * Reading never loads a whole file; a file that lies about itself is refused before any byte of it is used.
 */
import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { checkDepth, FileError, openFileSync, someOf } from "@precipice/files";
import type { DType } from "@precipice/onnx";
import { DTYPES } from "@precipice/onnx";
import { UNQUANTISED } from "../architecture/quantisation.ts";
import { CheckpointError } from "../errors.ts";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./half.ts";

const NAMES: Readonly<Record<string, DType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  F64: "float64",
  I64: "int64",
  I32: "int32",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};
const codeOf = (dtype: DType): string => Object.keys(NAMES).find((k) => NAMES[k] === dtype) as string;

/** Where a tensor lies: `offset` and `length` in bytes from the start of `file`. */
export interface TensorEntry {
  readonly name: string;
  readonly file: string;
  readonly dtype: DType;
  readonly shape: ReadonlyArray<number>;
  readonly offset: number;
  readonly length: number;
}

const MAX_HEADER_BYTES = 100_000_000;

const fail = (file: string, place: string, problem: string, remedy = "download the file again"): never => {
  throw new CheckpointError({ file, place, problem, remedy });
};

/** The tensors of one file, by name. Throws `CheckpointError` when header, sizes or file length disagree. */
export const readHeader = (file: string): ReadonlyMap<string, TensorEntry> => {
  const { fd, bytes: fileBytes } = openOrFail(file);
  try {
    const head = Buffer.alloc(8);
    if (fileBytes < 8 || readSync(fd, head, 0, 8, 0) !== 8)
      return fail(file, "header", `has ${fileBytes} bytes, too short for safetensors`);
    const headerBytes = Number(head.readBigUInt64LE());
    if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > fileBytes) {
      return fail(file, "header", `claims a header of ${headerBytes} bytes in a file of ${fileBytes}`);
    }
    const text = Buffer.alloc(headerBytes);
    readSync(fd, text, 0, headerBytes, 8);
    return entriesOf(file, parseJson(file, text.toString("utf8")), 8 + headerBytes, fileBytes);
  } finally {
    closeSync(fd);
  }
};

const openOrFail = (file: string): ReturnType<typeof openFileSync> => {
  try {
    return openFileSync(file);
  } catch (error) {
    return fail(
      file,
      "",
      `cannot be opened: ${error instanceof FileError ? error.reason : (error as Error).message}`,
      "check the path",
    );
  }
};

const parseJson = (file: string, text: string): Record<string, unknown> => {
  try {
    checkDepth(text);
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // reported below, with the file
  }
  return fail(file, "header", "is not a JSON object");
};

const entriesOf = (
  file: string,
  header: Record<string, unknown>,
  start: number,
  fileBytes: number,
): ReadonlyMap<string, TensorEntry> => {
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const {
      dtype: code,
      shape,
      data_offsets: offsets,
    } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const dtype = Object.hasOwn(NAMES, String(code)) ? NAMES[String(code)] : undefined;
    const small = /^F([468])(_|$)/.exec(String(code));
    if (small !== null)
      return fail(file, name, `is quantised to FP${small[1]} (${code}), which is not computed`, UNQUANTISED);
    if (dtype === undefined)
      return fail(
        file,
        name,
        `has element type ${String(code)}; supported: ${Object.keys(NAMES).join(", ")}`,
        "convert it",
      );
    const isSizes = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
      return fail(file, name, "has no valid shape or data_offsets");
    const [begin, end] = offsets as [number, number];
    const expected = shape.reduce((p, d) => p * d, 1) * DTYPES[dtype].bytes;
    if (end - begin !== expected)
      return fail(
        file,
        name,
        `needs ${expected} bytes for ${String(code)}[${someOf(shape)}], the header gives ${end - begin}`,
      );
    if (start + end > fileBytes)
      return fail(file, name, `ends at byte ${start + end} of a file of ${fileBytes}: truncated`);
    entries.set(name, { name, file, dtype, shape, offset: start + begin, length: end - begin });
  }
  let covered = start; // the format wants the tensors to cover all bytes after the header, each once
  for (const { name, offset, length } of [...entries.values()].sort(
    (a, b) => a.offset - b.offset || a.length - b.length,
  )) {
    if (offset !== covered) {
      const problem =
        offset < covered ? "overlaps another tensor" : `leaves ${offset - covered} bytes before it unused`;
      return fail(file, name, `${problem} at byte ${offset}`);
    }
    covered += length;
  }
  if (covered !== fileBytes) return fail(file, "", `has ${fileBytes - covered} bytes after the last tensor`);
  return entries;
};

/** The raw bytes of a tensor. */
export const readBytes = ({ file, offset, length }: TensorEntry): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  const { fd } = openOrFail(file);
  try {
    let done = 0;
    while (done < length) {
      const n = readSync(fd, bytes, done, Math.min(length - done, 1 << 30), offset + done);
      if (n === 0)
        throw new CheckpointError({
          file,
          place: "",
          problem: "ended while reading",
          remedy: "download the file again",
        });
      done += n;
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
};

/** A float tensor as f32, widened from 16 bits where needed. */
export const readFloats = (entry: TensorEntry): Float32Array<ArrayBuffer> => {
  const { buffer } = readBytes(entry);
  if (entry.dtype === "float32") return new Float32Array(buffer);
  if (entry.dtype === "float64") return Float32Array.from(new Float64Array(buffer));
  const widen = entry.dtype === "float16" ? fromFloat16 : entry.dtype === "bfloat16" ? fromBfloat16 : undefined;
  if (widen === undefined)
    return fail(entry.file, entry.name, `is ${entry.dtype}, not a float tensor`, "use a float checkpoint");
  const bits = new Uint16Array(buffer);
  // not `from(bits, widen)`: that collects the values in a plain array first, and an embedding table is too large for one
  const floats = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) floats[i] = widen(bits[i] as number);
  return floats;
};

/** An integer tensor as plain numbers. */
export const readInts = (entry: TensorEntry): Int32Array => {
  const { buffer } = readBytes(entry);
  if (entry.dtype === "int32") return new Int32Array(buffer);
  if (entry.dtype === "int64") return Int32Array.from(new BigInt64Array(buffer), Number);
  return fail(entry.file, entry.name, `is ${entry.dtype}, not an integer tensor`);
};

export interface FloatTensor {
  readonly shape: ReadonlyArray<number>;
  readonly data: Float32Array;
}

/** A tensor to be written; `bytes` is called when its turn comes, so that not all need be in memory. */
export interface TensorPart {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: ReadonlyArray<number>;
  readonly bytes: () => Uint8Array;
}

/** Write tensors of any type, in the order of their names: equal input gives equal bytes. Throws a RangeError when data does not fill its shape. */
export const writeTensors = (file: string, tensors: ReadonlyArray<TensorPart>): void => {
  const parts = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const size = ({ dtype, shape }: TensorPart) => shape.reduce((p, d) => p * d, 1) * DTYPES[dtype].bytes;
  const header: Array<[name: string, entry: unknown]> = [["__metadata__", { format: "pt" }]];
  let offset = 0;
  for (const part of parts) {
    header.push([
      part.name,
      { dtype: codeOf(part.dtype), shape: part.shape, data_offsets: [offset, offset + size(part)] },
    ]);
    offset += size(part);
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const head = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  text.copy(head, 8);
  const fd = openSync(file, "w");
  try {
    writeFileSync(fd, head);
    for (const part of parts) {
      const bytes = part.bytes();
      if (bytes.byteLength !== size(part))
        throw new RangeError(
          `${part.name}: [${part.shape.join(", ")}] takes ${size(part)} bytes, got ${bytes.byteLength}`,
        );
      writeFileSync(fd, bytes);
    }
  } finally {
    closeSync(fd);
  }
};

/** Write f32 tensors, stored as `dtype`. Throws a RangeError when data does not fill its shape. */
export const writeSafetensors = (
  file: string,
  tensors: Readonly<Record<string, FloatTensor>>,
  dtype: "float32" | "float16" | "bfloat16" = "float32",
): void => {
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const size = shape.reduce((p, d) => p * d, 1);
    if (size !== data.length)
      throw new RangeError(`${name}: [${shape.join(", ")}] holds ${size} elements, got ${data.length}`);
  }
  const part = ([name, { shape, data }]: [string, FloatTensor]): TensorPart => ({
    name,
    dtype,
    shape,
    bytes: () => encodeFloats(data, dtype),
  });
  writeTensors(file, Object.entries(tensors).map(part));
};

/** f32 values as bytes of a float type, each rounded to the nearest. */
export const encodeFloats = (data: Float32Array, dtype: "float32" | "float16" | "bfloat16"): Uint8Array => {
  if (dtype === "float32") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const narrow = dtype === "float16" ? toFloat16 : toBfloat16;
  const bits = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) bits[i] = narrow(data[i] as number);
  return new Uint8Array(bits.buffer);
};
