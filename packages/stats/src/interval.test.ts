import { describe, expect, it } from "vitest";
import { meanNormal, wilson } from "./interval.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

describe("normal distribution", () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.96, 0.024997895148220435],
    [3.5, 0.9997673709209645],
  ])("cdf(%d)", (x, p) => expect(normalCdf(x)).toBeCloseTo(p, 14));

  it.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.001, -3.090232306167813],
    [1e-9, -5.997807015007686],
  ])("quantile(%d)", (p, z) => expect(normalQuantile(p)).toBeCloseTo(z, 8));

  it("inverts itself across the range", () => {
    for (let p = 0.01; p < 1; p += 0.01) expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 13);
    expect(normalQuantile(0)).toBe(-Infinity);
  });
});

describe("wilson", () => {
  it.each([
    // scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    [0, 10, 0, 0.27753279986288926],
    [5, 10, 0.2365930905125641, 0.763406909487436],
    [81, 263, 0.2552885198782742, 0.36620957698280004],
    [10, 10, 0.7224672001371107, 1],
  ])("%i of %i", (k, n, lo, hi) => {
    const interval = wilson(k, n);
    expect(interval.lo).toBeCloseTo(lo, 8);
    expect(interval.hi).toBeCloseTo(hi, 8);
    expect(interval.value).toBe(k / n);
  });

  it("knows nothing from nothing and refuses impossible counts", () => {
    expect(wilson(0, 0)).toMatchObject({ lo: 0, hi: 1, n: 0 });
    expect(() => wilson(3, 2)).toThrow(RangeError);
    expect(() => wilson(Number.NaN, 2)).toThrow(RangeError);
  });
});

describe("meanNormal", () => {
  it("is mean ± 1.96 standard errors", () => {
    const { value, lo, hi, n } = meanNormal([1, 2, 3, 4]);
    const half = (1.959963984540054 * Math.sqrt(5 / 3)) / 2;
    expect([value, n]).toEqual([2.5, 4]);
    expect(lo).toBeCloseTo(2.5 - half, 10);
    expect(hi).toBeCloseTo(2.5 + half, 10);
  });

  it("does not invent a width for one value", () => {
    expect(meanNormal([0.3])).toMatchObject({ value: 0.3, lo: null, hi: null });
  });
});
