/** Tensors in host memory: what goes into a run and what comes out of it. */
import type { DType, TypedArray } from "./dtype.ts";
import { typedArray } from "./dtype.ts";
import { product } from "./shape.ts";

export interface HostTensor {
  readonly dtype: DType;
  readonly dims: ReadonlyArray<number>;
  readonly data: TypedArray;
}

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** A tensor from plain numbers. */
export const tensorOf = (dtype: DType, dims: ReadonlyArray<number>, values: ArrayLike<number>): HostTensor => {
  if (values.length !== product(dims))
    throw new RangeError(`[${dims.join(", ")}] holds ${product(dims)} elements, got ${values.length}`);
  return { dtype, dims, data: typedArray(dtype, values) };
};

export const float32 = (dims: ReadonlyArray<number>, data: Float32Array): HostTensor => ({
  dtype: "float32",
  dims,
  data,
});

/** The data of an f32 tensor; throws when the tensor is of another type. */
export const floats = (tensor: HostTensor | undefined): Float32Array => {
  if (!(tensor?.data instanceof Float32Array))
    throw new TypeError(`expected a float32 tensor, got ${tensor?.dtype ?? "nothing"}`);
  return tensor.data;
};

/**
 * Give the memory of tensors that are no longer needed back now, not at some later garbage collection: in a long stream of
 * batches what waits to be collected is otherwise the larger part of the memory. Their data are empty afterwards.
 */
export const release = (tensors: HostTensors): void => {
  for (const { data } of Object.values(tensors)) if (data.buffer instanceof ArrayBuffer) data.buffer.transfer(0);
};
