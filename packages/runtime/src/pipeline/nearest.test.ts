import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

describe("editDistance", () => {
  it("counts insertions, deletions, changes and swaps", () => {
    expect(editDistance("seed", "sede")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  it("is symmetric, zero only for equals, and bounded by the longer text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

it("nearest finds the closest name and stays silent about strangers", () => {
  const names = ["trace.generate", "trace.judge", "probe.train"];
  expect(nearest("probe.trian", names)).toBe("probe.train");
  expect(nearest("Trace.Judge", names)).toBe("trace.judge");
  expect(nearest("zzz", names)).toBeUndefined();
});
