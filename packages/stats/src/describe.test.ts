import { describe, expect, it } from "vitest";
import { mean, median, quantile, standardDeviation } from "./describe.ts";

describe("descriptions", () => {
  it("agrees with numpy's default quantile", () => {
    const values = [7, 1, 3, 9, 4]; // numpy.quantile(values, p)
    expect([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map((p) => quantile(values, p))).toEqual([1, 1.8, 3, 4, 7, 8.2, 9]);
  });

  it("takes typed arrays and leaves them as they were", () => {
    const values = Float32Array.of(3, 1, 2);
    expect(median(values)).toBe(2);
    expect([...values]).toEqual([3, 1, 2]);
  });

  it("computes mean and sample standard deviation", () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it("says NaN for an empty sample and throws for an impossible p", () => {
    expect(mean([])).toBeNaN();
    expect(quantile([], 0.5)).toBeNaN();
    expect(() => quantile([1], 1.1)).toThrow(RangeError);
  });
});
