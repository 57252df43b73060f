/**
 * Element types. One table joins the four vocabularies a tensor lives in: the ONNX enum, onnxruntime's names,
 * the JavaScript typed array that holds the data, and the byte width.
 */
import { TensorProto_DataType as Onnx } from "onnx-buf";

export type DType = "float32" | "float16" | "bfloat16" | "float64" | "int64" | "int32" | "int8" | "uint8" | "bool";

/** Data of a tensor in host memory. 16-bit floats travel as raw bits, booleans as one byte each. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

interface DTypeRow {
  readonly onnx: Onnx;
  readonly bytes: number;
  readonly isFloat: boolean;
  readonly array: { new (length: number): TypedArray; from(values: never): TypedArray; readonly name: string };
}

type ArrayClass = DTypeRow["array"];

export const DTYPES: Record<DType, DTypeRow> = {
  float32: { onnx: Onnx.FLOAT, bytes: 4, isFloat: true, array: Float32Array as unknown as ArrayClass },
  float64: { onnx: Onnx.DOUBLE, bytes: 8, isFloat: true, array: Float64Array as unknown as ArrayClass },
  float16: { onnx: Onnx.FLOAT16, bytes: 2, isFloat: true, array: Uint16Array as unknown as ArrayClass },
  bfloat16: { onnx: Onnx.BFLOAT16, bytes: 2, isFloat: true, array: Uint16Array as unknown as ArrayClass },
  int64: { onnx: Onnx.INT64, bytes: 8, isFloat: false, array: BigInt64Array as unknown as ArrayClass },
  int32: { onnx: Onnx.INT32, bytes: 4, isFloat: false, array: Int32Array as unknown as ArrayClass },
  int8: { onnx: Onnx.INT8, bytes: 1, isFloat: false, array: Int8Array as unknown as ArrayClass },
  uint8: { onnx: Onnx.UINT8, bytes: 1, isFloat: false, array: Uint8Array as unknown as ArrayClass },
  bool: { onnx: Onnx.BOOL, bytes: 1, isFloat: false, array: Uint8Array as unknown as ArrayClass },
};

/** The typed array of `dtype` holding `values`; numbers are converted, bigint for int64. */
export const typedArray = (dtype: DType, values: ArrayLike<number>): TypedArray => {
  if (dtype === "int64") return BigInt64Array.from(Array.from(values, (v) => BigInt(v)));
  if (dtype === "float16" || dtype === "bfloat16") throw new TypeError(`${dtype} constants are given as raw bits`);
  return DTYPES[dtype].array.from(values as never);
};
