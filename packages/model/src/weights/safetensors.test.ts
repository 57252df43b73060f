/** The file format: what is written comes back, and a file that lies about itself is refused with file and tensor. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../../../../tests/support/checkpoint-folder.ts";
import { CheckpointError } from "../errors.ts";
import { readFloats, readHeader, readInts, type TensorEntry, writeSafetensors } from "./safetensors.ts";

/** A safetensors file from its parts, true or not. */
const fileOf = (header: unknown, data: Uint8Array = new Uint8Array(0), headerBytes?: number): string => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(headerBytes ?? text.length));
  const file = join(tempFolder(), "model.safetensors");
  writeFileSync(file, Buffer.concat([head, text, data]));
  return file;
};

const refused = (read: () => unknown): CheckpointError => {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was refused");
};

const entry = (file: string, name: string): TensorEntry => readHeader(file).get(name) as TensorEntry;
const SPECIAL = [0, -0, 1, -2.5, 2 ** -14, 2 ** -24, 65504, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe("round trip", () => {
  it.each(["float32", "float16", "bfloat16"] as const)("as %s", (dtype) => {
    const file = join(tempFolder(), "x.safetensors");
    const exact = dtype === "bfloat16" ? SPECIAL.filter((v) => v !== 65504) : SPECIAL;
    writeSafetensors(
      file,
      {
        "b.odd": { shape: [3, 1], data: Float32Array.of(1, 2, 3) },
        a: { shape: [exact.length], data: Float32Array.from(exact) },
      },
      dtype,
    );
    expect([...readHeader(file).keys()]).toEqual(["a", "b.odd"]);
    expect(entry(file, "b.odd")).toMatchObject({ dtype, shape: [3, 1], length: dtype === "float32" ? 12 : 6 });
    expect(entry(file, "a").offset % 8).toBe(0);
    const back = readFloats(entry(file, "a"));
    exact.forEach((value, i) => {
      expect(Object.is(back[i], value), `${value} came back as ${back[i]}`).toBe(true);
    });
  });

  it("gives equal bytes for equal tensors in any order, whatever their names", () => {
    const folder = tempFolder();
    const tensors = {
      é: { shape: [2], data: Float32Array.of(1, 2) },
      "10": { shape: [], data: Float32Array.of(3) },
      "9": { shape: [0, 4], data: new Float32Array(0) },
    };
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    writeSafetensors(join(folder, "a"), tensors);
    writeSafetensors(join(folder, "b"), reversed);
    expect(readFileSync(join(folder, "a")).equals(readFileSync(join(folder, "b")))).toBe(true);
    expect(entry(join(folder, "a"), "é").shape).toEqual([2]);
    expect([...readFloats(entry(join(folder, "a"), "é"))]).toEqual([1, 2]);
    expect(readFloats(entry(join(folder, "a"), "9"))).toHaveLength(0);
    for (const { offset } of readHeader(join(folder, "a")).values()) expect(offset % 4).toBe(0);
  });

  it("widens f64 and reads integers", () => {
    const data = new Uint8Array([
      ...new Uint8Array(Float64Array.of(0.5, 1e300).buffer),
      ...new Uint8Array(BigInt64Array.of(-7n).buffer),
      ...new Uint8Array(Int32Array.of(9).buffer),
    ]);
    const file = fileOf(
      {
        d: { dtype: "F64", shape: [2], data_offsets: [0, 16] },
        q: { dtype: "I64", shape: [1], data_offsets: [16, 24] },
        i: { dtype: "I32", shape: [], data_offsets: [24, 28] },
      },
      data,
    );
    expect([...readFloats(entry(file, "d"))]).toEqual([0.5, Number.POSITIVE_INFINITY]);
    expect([...readInts(entry(file, "q"))]).toEqual([-7]);
    expect([...readInts(entry(file, "i"))]).toEqual([9]);
    expect(refused(() => readFloats(entry(file, "i"))).problem).toBe("is int32, not a float tensor");
    expect(refused(() => readInts(entry(file, "d"))).problem).toBe("is float64, not an integer tensor");
  });

  it("refuses to write data that does not fill its shape, before it touches the file", () => {
    const file = join(tempFolder(), "x.safetensors");
    expect(() => writeSafetensors(file, { w: { shape: [2, 2], data: new Float32Array(3) } })).toThrow(
      "w: [2, 2] holds 4 elements, got 3",
    );
    expect(refused(() => readHeader(file)).problem).toMatch(/cannot be opened/);
  });
});

const F32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const eight = new Uint8Array(8);

describe("a file that lies", () => {
  it.each<[what: string, file: () => string, place: string, problem: RegExp]>([
    [
      "a header longer than the file",
      () => fileOf({ a: F32(0, 8) }, eight, 5000),
      "header",
      /claims a header of 5000 bytes/,
    ],
    [
      "a header of astronomic length",
      () => fileOf("{}", eight, 2 ** 60),
      "header",
      /claims a header of 1152921504606847000 bytes/,
    ],
    ["a header that ends early", () => fileOf({ a: F32(0, 8) }, eight, 10), "header", /not a JSON object/],
    ["no JSON", () => fileOf("not json at all", eight), "header", /not a JSON object/],
    ["a JSON list", () => fileOf("[1, 2]"), "header", /not a JSON object/],
    ["an end beyond the file", () => fileOf({ a: F32(0, 4), b: F32(4, 16) }, eight), "b", /truncated/],
    ["overlapping tensors", () => fileOf({ a: F32(0, 8), b: F32(4, 8) }, eight), "b", /overlaps another tensor/],
    ["two tensors in one place", () => fileOf({ a: F32(0, 8), b: F32(0, 8) }, eight), "b", /overlaps another tensor/],
    [
      "bytes between tensors",
      () => fileOf({ a: F32(0, 4), b: F32(8, 12) }, new Uint8Array(12)),
      "b",
      /leaves 4 bytes before it unused/,
    ],
    ["bytes after the last tensor", () => fileOf({ a: F32(0, 4) }, eight), "", /has 4 bytes after the last tensor/],
    [
      "a size that is not the shape's",
      () => fileOf({ a: F32(0, 8, [3]) }, eight),
      "a",
      /needs 12 bytes for F32\[3\], the header gives 8/,
    ],
    ["a shape too large to be true", () => fileOf({ a: F32(0, 8, [2 ** 40, 2 ** 40]) }, eight), "a", /needs .* bytes/],
    ["offsets the wrong way round", () => fileOf({ a: F32(8, 0, [2]) }, eight), "a", /the header gives -8/],
    ["negative offsets", () => fileOf({ a: F32(-8, 0, [2]) }, eight), "a", /no valid shape or data_offsets/],
    ["a shape of words", () => fileOf({ a: F32(0, 8, ["2"]) }, eight), "a", /no valid shape or data_offsets/],
    [
      "three offsets",
      () => fileOf({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8, 8] } }, eight),
      "a",
      /no valid shape or data_offsets/,
    ],
    ["a tensor that is null", () => fileOf({ a: null }), "a", /element type undefined/],
    [
      "an unknown element type",
      () => fileOf({ a: { dtype: "C64", shape: [1], data_offsets: [0, 8] } }, eight),
      "a",
      /element type C64; supported: F32, F16, BF16/,
    ],
    [
      "eight bits to a float",
      () => fileOf({ a: { dtype: "F8_E4M3", shape: [8], data_offsets: [0, 8] } }, eight),
      "a",
      /is quantised to FP8 \(F8_E4M3\)/,
    ],
    [
      "an element type that every object has",
      () => fileOf({ a: { dtype: "constructor", shape: [8], data_offsets: [0, 8] } }, eight),
      "a",
      /element type constructor/,
    ],
    ["nothing", () => join(fileOf("{}"), "..", "absent.safetensors"), "", /cannot be opened/],
    ["a folder", () => tempFolder(), "", /not a regular file/],
  ])("%s", (_, make, place, problem) => {
    const file = make();
    const error = refused(() => readHeader(file));
    expect(error).toMatchObject({ file, place });
    expect(error.problem).toMatch(problem);
    expect(error.message).toContain(file);
    expect(error.remedy).toBeDefined();
  });

  it("is refused wherever it was cut off", () => {
    const file = join(tempFolder(), "whole.safetensors");
    writeSafetensors(file, { a: { shape: [4], data: Float32Array.of(1, 2, 3, 4) } });
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length += 3) {
      writeFileSync(file, whole.subarray(0, length));
      expect(refused(() => readHeader(file)).file).toBe(file);
    }
  });

  it("is refused when it shrank after its header was read", () => {
    const file = fileOf({ a: F32(0, 8) }, eight);
    const found = entry(file, "a");
    writeFileSync(file, readFileSync(file).subarray(0, -4));
    expect(refused(() => readFloats(found)).problem).toBe("ended while reading");
  });
});
