import { describe, expect, it } from "vitest";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";

const rates = (options: ScheduleOptions) =>
  Array.from({ length: options.steps }, (_, step) => learningRateAt(step, options));

describe("learningRateAt", () => {
  it("warms up in equal steps to the peak, then falls", () => {
    const found = rates({ peak: 4, steps: 12, warmup: 4 });
    expect(found.slice(0, 5)).toEqual([1, 2, 3, 4, 4]);
    for (let i = 5; i < 12; i++) expect(found[i], `step ${i}`).toBeLessThan(found[i - 1] as number);
  });

  it("follows half a cosine from peak to floor", () => {
    const at = (step: number) => learningRateAt(step, { peak: 2, steps: 100, floor: 0.1 });
    expect(at(0)).toBe(2);
    expect(at(50)).toBeCloseTo(2 * (0.1 + 0.9 * 0.5), 12);
    expect(at(25)).toBeCloseTo(2 * (0.1 + 0.9 * 0.5 * (1 + Math.SQRT1_2)), 12);
    expect(at(100)).toBeCloseTo(0.2, 12);
  });

  it("falls linearly or not at all when asked", () => {
    expect(rates({ peak: 1, steps: 4, shape: "linear" })).toEqual([1, 0.75, 0.5, 0.25]);
    expect(rates({ peak: 1, steps: 4, warmup: 2, shape: "constant" })).toEqual([0.5, 1, 1, 1]);
  });

  it("stays at the floor beyond the last step, and finite for a run of no steps", () => {
    expect(learningRateAt(99, { peak: 1, steps: 10, floor: 0.25 })).toBe(0.25);
    expect(learningRateAt(0, { peak: 1, steps: 0 })).toBe(1);
    expect(learningRateAt(5, { peak: 1, steps: 5, warmup: 5 })).toBe(1);
  });
});
