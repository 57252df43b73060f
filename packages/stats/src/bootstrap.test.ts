import { describe, expect, it } from "vitest";
import { bootstrap, bootstrapMean, bootstrapPairedDifference } from "./bootstrap.ts";
import { auroc } from "./classification.ts";
import { bootstrapCrossed } from "./crossed.ts";
import { meanNormal } from "./interval.ts";
import { random } from "./random.ts";

const normals = (name: string, n: number) => {
  const stream = random(11, name);
  return Array.from({ length: n }, () => stream.normal());
};

describe("bootstrapMean", () => {
  it("comes near the normal interval where that one is right", () => {
    const values = normals("near", 200);
    const exact = meanNormal(values);
    for (const method of ["bca", "percentile"] as const) {
      const interval = bootstrapMean(values, { seed: 1, draws: 4000, method });
      expect(interval.value).toBeCloseTo(exact.value, 12);
      expect(Math.abs(Number(interval.lo) - Number(exact.lo))).toBeLessThan(0.02);
      expect(Math.abs(Number(interval.hi) - Number(exact.hi))).toBeLessThan(0.02);
    }
  });

  it("agrees with an independent BCa on skewed data", () => {
    // scipy.stats.bootstrap((x,), numpy.mean, n_resamples=200_000, method="BCa"), three seeds: 0.55–0.56 and 3.07–3.12
    const values = [0.1, 0.2, 0.2, 0.3, 0.5, 0.6, 0.9, 1.4, 2.5, 6.0];
    const interval = bootstrapMean(values, { seed: 5, draws: 50_000 });
    expect(Math.abs(Number(interval.lo) - 0.56)).toBeLessThan(0.03);
    expect(Math.abs(Number(interval.hi) - 3.1)).toBeLessThan(0.1);
    // and the correction matters: percentile sits lower on both sides
    const plain = bootstrapMean(values, { seed: 5, draws: 50_000, method: "percentile" });
    expect(Number(interval.hi) - Number(plain.hi)).toBeGreaterThan(0.3);
  });

  it("is the bootstrap of that statistic, and stays quick for many values", () => {
    const values = normals("statistic", 57);
    const mean = (rows: ArrayLike<number>) => {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) sum += values[rows[i] as number] as number;
      return sum / rows.length;
    };
    const plain = bootstrap(values.length, mean, { seed: 4 });
    const quick = bootstrapMean(values, { seed: 4 });
    for (const end of ["value", "lo", "hi"] as const) expect(quick[end]).toBeCloseTo(Number(plain[end]), 12);
    const many = bootstrapMean(normals("many", 30_000), { seed: 4, draws: 100 }); // row by row that would be 10⁹ sums
    expect(Number(many.hi) - Number(many.lo)).toBeLessThan(0.04);
  });

  it("covers the truth about as often as it says", () => {
    let covered = 0;
    for (let i = 0; i < 200; i++) {
      const { lo, hi } = bootstrapMean(normals(`cover ${i}`, 40), { seed: i, draws: 300 });
      if (Number(lo) <= 0 && 0 <= Number(hi)) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.89);
    expect(covered / 200).toBeLessThan(0.99);
  });

  it("is a function of its seed", () => {
    const values = normals("seed", 30);
    expect(bootstrapMean(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }));
    expect(bootstrapMean(values, { seed: 1 }).lo).not.toBe(bootstrapMean(values, { seed: 2 }).lo);
  });

  it("gives no interval for one value and no width to a constant", () => {
    expect(bootstrapMean([3], { seed: 1 })).toMatchObject({ value: 3, lo: null, hi: null });
    expect(bootstrapMean([3, 3, 3], { seed: 1 })).toEqual({ value: 3, lo: 3, hi: 3, n: 3 });
  });

  it("widens when rows come in groups", () => {
    const groups = Array.from({ length: 200 }, (_, i) => i % 20);
    const shared = normals("groups", 20);
    const values = groups.map((g) => shared[g] as number); // 200 rows, 20 facts
    const alone = bootstrapMean(values, { seed: 1 });
    const together = bootstrapMean(values, { seed: 1, groups });
    expect((Number(together.hi) - Number(together.lo)) / (Number(alone.hi) - Number(alone.lo))).toBeGreaterThan(2.5); // √10 ≈ 3.2
    expect(() => bootstrapMean(values, { seed: 1, groups: [1] })).toThrow(RangeError);
  });
});

describe("bootstrap", () => {
  it("leaves out resamples without a value", () => {
    const scores = [0.1, 0.9];
    const labels = [0, 1];
    const { value, lo, hi } = bootstrap(
      2,
      (rows) =>
        auroc(
          Array.from(rows, (i) => scores[i] as number),
          Array.from(rows, (i) => labels[i] as number),
        ),
      { seed: 1 },
    );
    expect([value, lo, hi]).toEqual([1, 1, 1]);
  });
});

describe("bootstrapPairedDifference", () => {
  it("cancels what the pairs share", () => {
    const before = normals("before", 50).map((v) => 10 * v);
    const after = before.map((v, i) => v + 1 + 0.1 * Math.sin(i));
    const { value, lo, hi } = bootstrapPairedDifference(before, after, { seed: 3 });
    expect(value).toBeCloseTo(1, 1);
    expect(Number(hi) - Number(lo)).toBeLessThan(0.1);
    expect(() => bootstrapPairedDifference([1], [1, 2], { seed: 1 })).toThrow(RangeError);
  });
});

describe("bootstrapCrossed", () => {
  const cells = (draws: number, rows: number, value: (row: number, draw: number) => number) =>
    Array.from({ length: draws * rows }, (_, i) => {
      const [row, draw] = [i % rows, Math.floor(i / rows)];
      return { row: `p${row}`, draw, value: value(row, draw) };
    });

  it("averages draws, not cells", () => {
    const uneven = [...cells(1, 4, () => 1), { row: "p0", draw: 1, value: 0 }, { row: "p1", draw: 1, value: 0 }];
    expect(bootstrapCrossed(uneven, { seed: 1 })).toMatchObject({ value: 0.5, n: 6 });
  });

  it("keeps the doubt between draws that many rows cannot remove", () => {
    const byDraw = bootstrapCrossed(
      cells(4, 200, (_, draw) => draw % 2),
      { seed: 1 },
    );
    expect(Number(byDraw.hi) - Number(byDraw.lo)).toBeGreaterThan(0.7);
  });

  it("does not take repeated draws of one prompt for new prompts", () => {
    const once = bootstrapCrossed(
      cells(1, 40, (row) => row % 2),
      { seed: 1 },
    );
    const tenTimes = bootstrapCrossed(
      cells(10, 40, (row) => row % 2),
      { seed: 1 },
    );
    expect(Number(tenTimes.hi) - Number(tenTimes.lo)).toBeGreaterThan(0.9 * (Number(once.hi) - Number(once.lo)));
  });

  it("knows nothing from nothing", () => {
    expect(bootstrapCrossed([], { seed: 1 })).toMatchObject({ value: Number.NaN, lo: null, hi: null, n: 0 });
  });
});
