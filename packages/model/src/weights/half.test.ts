/** 16-bit floats against bit patterns of IEEE 754 and of bfloat16, exhaustively where that is cheap. */
import { describe, expect, it } from "vitest";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./half.ts";

const hex = (bits: number) => bits.toString(16).padStart(4, "0");

describe("float16", () => {
  it.each<[value: number, bits: string]>([
    [0, "0000"],
    [-0, "8000"],
    [1, "3c00"],
    [-2, "c000"],
    [0.1, "2e66"],
    [1 / 3, "3555"],
    [65504, "7bff"], // largest finite
    [65519.99, "7bff"],
    [65520, "7c00"], // halfway to 65536: the even one is infinity
    [Number.POSITIVE_INFINITY, "7c00"],
    [Number.NEGATIVE_INFINITY, "fc00"],
    [Number.NaN, "7e00"],
    [2 ** -14, "0400"], // smallest normal
    [2 ** -14 - 2 ** -24, "03ff"], // largest subnormal
    [2 ** -24, "0001"], // smallest subnormal
    [2 ** -25, "0000"], // tie with zero: zero is even
    [2 ** -25 * 1.001, "0001"],
    [-(2 ** -25), "8000"],
    [1e-45, "0000"],
    [1 + 2 ** -11, "3c00"], // tie down to even
    [1 + 3 * 2 ** -11, "3c02"], // tie up to even
  ])("%d is %s", (value, bits) => {
    expect(hex(toFloat16(value))).toBe(bits);
  });

  it("gives back every pattern", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(bits & 0x7fff).toBeGreaterThan(0x7c00);
      else if (toFloat16(value) !== bits)
        expect.fail(`${hex(bits)} is ${value}, comes back as ${hex(toFloat16(value))}`);
    }
  });

  it("rounds every midpoint to the even neighbour", () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (fromFloat16(bits) + fromFloat16(bits + 1)) / 2; // exact in f32
      const even = bits % 2 === 0 ? bits : bits + 1;
      if (toFloat16(middle) !== even || toFloat16(-middle) !== (even | 0x8000))
        expect.fail(`middle above ${hex(bits)}`);
    }
  });
});

describe("bfloat16", () => {
  it.each<[value: number, bits: string]>([
    [0, "0000"],
    [-0, "8000"],
    [1, "3f80"],
    [3, "4040"],
    [Math.PI, "4049"],
    [-1.5, "bfc0"],
    [3.4028234663852886e38, "7f80"], // largest f32 rounds to infinity
    [3.3895313892515355e38, "7f7f"], // largest finite
    [Number.POSITIVE_INFINITY, "7f80"],
    [Number.NEGATIVE_INFINITY, "ff80"],
    [Number.NaN, "7fc0"],
    [2 ** -126, "0080"], // smallest normal
    [2 ** -133, "0001"], // smallest subnormal
    [2 ** -134, "0000"], // tie with zero
    [3 * 2 ** -134, "0002"], // tie up to even
  ])("%d is %s", (value, bits) => {
    expect(hex(toBfloat16(value))).toBe(bits);
  });

  it("gives back every pattern and rounds every midpoint to the even neighbour", () => {
    for (let bits = 0; bits < 0x7f80; bits++) {
      if (toBfloat16(fromBfloat16(bits)) !== bits || toBfloat16(fromBfloat16(bits | 0x8000)) !== (bits | 0x8000))
        expect.fail(hex(bits));
      if (bits === 0x7f7f) break; // above it lies infinity
      const middle = (fromBfloat16(bits) + fromBfloat16(bits + 1)) / 2;
      if (toBfloat16(middle) !== (bits % 2 === 0 ? bits : bits + 1)) expect.fail(`middle above ${hex(bits)}`);
    }
    expect(fromBfloat16(0x7fc0)).toBeNaN();
  });
});
