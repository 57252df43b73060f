import { random } from "@precipice/stats";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crossValidate } from "./cross-validate.ts";
import { groupedFolds } from "./folds.ts";

describe("groupedFolds", () => {
  it("never splits a group and always uses every fold", () => {
    const rows = fc.array(fc.record({ group: fc.integer({ min: 0, max: 12 }), label: fc.constantFrom(0, 1) }), {
      minLength: 8,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 2, max: 6 }), fc.integer(), (data, k, seed) => {
        const groups = data.map((row) => `g${row.group}`);
        const y = Uint8Array.from(data, (row) => row.label);
        for (const label of [0, 1]) {
          fc.pre(new Set(groups.filter((_, i) => y[i] === label)).size >= 2);
        }
        const folds = groupedFolds(groups, y, k, seed);
        const byGroup = Map.groupBy(groups.keys(), (i) => groups[i] as string);
        for (const members of byGroup.values()) expect(new Set(members.map((i) => folds[i])).size).toBe(1);
        expect(new Set(folds).size).toBe(Math.min(k, byGroup.size));
      }),
    );
  });

  it("balances both classes", () => {
    const groups = Array.from({ length: 100 }, (_, i) => `p${i}`);
    const y = Uint8Array.from(groups, (_, i) => (i < 30 ? 1 : 0));
    const folds = groupedFolds(groups, y, 5, 1);
    for (let fold = 0; fold < 5; fold++) {
      const inside = [...folds.keys()].filter((row) => folds[row] === fold);
      expect(inside).toHaveLength(20);
      expect(inside.filter((row) => y[row] === 1)).toHaveLength(6);
    }
  });

  it("refuses a class that lives in one prompt", () => {
    expect(() => groupedFolds(["a", "a", "b", "c"], Uint8Array.of(1, 1, 0, 0), 2, 1)).toThrow(/1 prompt/);
    expect(() => groupedFolds(["a", "b"], Uint8Array.of(1, 0), 1, 1)).toThrow(/folds/);
  });
});

describe("crossValidate", () => {
  const stream = random(9, "noise");
  const noise = (n: number, d: number) => Float32Array.from({ length: n * d }, () => stream.normal());

  it("sees through a probe that only memorises", () => {
    const y = Uint8Array.from({ length: 60 }, (_, i) => i % 2);
    const result = crossValidate(noise(60, 80), y, [...y.keys()].map(String), { draws: 200, l2: 0.01 });
    expect(Math.abs(result.auroc.value - 0.5)).toBeLessThan(0.2); // trained on itself it would be 1
    expect(result.auroc.lo).toBeLessThan(0.5);
    expect(result.ece.value).toBeGreaterThan(0.2); // sure and wrong
  });

  it("sees through variants of a prompt that leak into training", () => {
    // five copies of each of 20 random prompts: by row the copies betray the label, by group nothing does
    const base = noise(20, 60);
    const X = new Float32Array(100 * 60);
    for (let i = 0; i < 100; i++) X.set(base.subarray((i % 20) * 60, ((i % 20) + 1) * 60), i * 60);
    const y = Uint8Array.from({ length: 100 }, (_, i) => (i % 20) % 2);
    const byRow = crossValidate(X, y, [...y.keys()].map(String), { draws: 50 });
    const byPrompt = crossValidate(
      X,
      y,
      Array.from(y, (_, i) => `p${i % 20}`),
      { draws: 50 },
    );
    expect(byRow.accuracy.value).toBe(1);
    expect(byPrompt.accuracy.value).toBeLessThan(0.8);
  });

  it("finds what is there, with an interval around it", () => {
    const y = Uint8Array.from({ length: 200 }, (_, i) => i % 2);
    const X = noise(200, 3).map((value, at) => value + (at % 3 === 0 ? 3 * (y[Math.floor(at / 3)] as number) : 0));
    const { accuracy, auroc, folds } = crossValidate(X, y, [...y.keys()].map(String), { draws: 200 });
    expect(folds).toBe(5);
    expect(accuracy.value).toBeGreaterThan(0.87); // Bayes: 0.933
    expect(accuracy.lo).toBeLessThan(accuracy.value);
    expect(auroc.hi).toBeLessThanOrEqual(1);
    expect(auroc.n).toBe(200);
  });
});
