import { auroc, wilson } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { qualityOf } from "./quality.ts";

describe("qualityOf", () => {
  const y = Uint8Array.from({ length: 40 }, (_, i) => (i < 10 ? 1 : 0));
  const groups = Array.from(y, (_, i) => `g${i >> 1}`); // 20 groups of two

  it("keeps a width where everything is right", () => {
    const { accuracy, auroc: area } = qualityOf(Float64Array.from(y), y, groups, { seed: 1 });
    const rate = wilson(20, 20); // groups, not rows
    expect(accuracy).toEqual({ value: 1, lo: rate.lo, hi: 1, n: 40 });
    expect(area).toEqual({ value: 1, lo: wilson(5, 5).lo, hi: 1, n: 40 }); // 5 groups of the rarer class
  });

  it("is the bootstrap over groups elsewhere", () => {
    const scores = Float64Array.from(y, (label, i) => (i % 7 === 0 ? 1 - label : label) * 0.8 + 0.1);
    const { accuracy, auroc: area, ece } = qualityOf(scores, y, groups, { seed: 1, draws: 300 });
    expect(accuracy.value).toBeCloseTo(34 / 40, 12);
    expect(area.value).toBe(auroc(scores, y));
    for (const { value, lo, hi, n } of [accuracy, area, ece]) {
      expect(lo).toBeLessThanOrEqual(value);
      expect(hi).toBeGreaterThanOrEqual(value);
      expect(Number(hi) - Number(lo)).toBeGreaterThan(0.02);
      expect(n).toBe(40);
    }
  });

  it("says what it does not know", () => {
    const { auroc: area } = qualityOf(Float64Array.of(0.2, 0.3), Uint8Array.of(1, 1), ["a", "b"], { seed: 1 });
    expect(area.value).toBeNaN();
    expect(area).toMatchObject({ lo: null, hi: null });
  });
});
