import { expect, it } from "vitest";
import { float32, floats, release, tensorOf } from "./host-tensor.ts";

it("refuses numbers that do not fill the shape", () => {
  expect(() => tensorOf("float32", [2, 2], [1, 2, 3])).toThrow("[2, 2] holds 4 elements, got 3");
});

it("gives f32 data only of f32 tensors", () => {
  expect(floats(float32([2], Float32Array.of(1, 2)))).toEqual(Float32Array.of(1, 2));
  expect(() => floats(tensorOf("int32", [1], [1]))).toThrow("expected a float32 tensor, got int32");
  expect(() => floats(undefined)).toThrow("got nothing");
});

it("gives memory back at once, and that of a copy not", () => {
  const found = { a: float32([3], Float32Array.of(1, 2, 3)), b: tensorOf("int32", [1], [7]) };
  const copy = found.a.data.slice();
  release(found);
  expect(found.a.data).toHaveLength(0);
  expect(found.b.data.buffer.byteLength).toBe(0);
  expect(copy).toEqual(Float32Array.of(1, 2, 3));
});
