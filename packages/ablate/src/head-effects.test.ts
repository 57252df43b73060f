import { describe, expect, it } from "vitest";
import { agreement, effectRows, type MethodEffects, recallAtPlanted } from "./head-effects.ts";

const method = (name: MethodEffects["method"], values: ReadonlyArray<ReadonlyArray<number>>): MethodEffects => ({
  target: "probe",
  method: name,
  position: "final",
  heads: values.map((v, i) => ({ layer: Math.floor(i / 2), head: i % 2, values: Float64Array.from(v) })),
});
const direct = method("direct", [
  [1, 3],
  [5, 7],
  [-1, 1],
  [0, 0.5],
]);

describe("effectRows", () => {
  it("means over traces, the most suppressing first, with planted heads marked", () => {
    const rows = effectRows(direct, new Set(["0.1", "1.0"]));
    expect(rows.map((r) => [r.rank, r.layer, r.head, r.effect, r.planted])).toEqual([
      [1, 0, 1, 6, true],
      [2, 0, 0, 2, false],
      [3, 1, 1, 0.25, false],
      [4, 1, 0, 0, true],
    ]);
    expect(recallAtPlanted(rows, new Set(["0.1", "1.0"]))).toMatchObject({ value: 0.5, n: 2 });
    const [first] = rows;
    expect((first?.lo as number) < 6 && (first?.hi as number) > 6).toBe(true);
  });

  it("gives no interval for one trace, and no truth where there is none", () => {
    expect(effectRows(method("causal", [[2]]), undefined)).toMatchObject([{ lo: null, hi: null, n: 1, planted: null }]);
  });
});

describe("agreement", () => {
  it("compares the order of the heads that both have", () => {
    const same = agreement(
      direct,
      method(
        "patching",
        [[20], [60], [0], [2]].map(([x]) => [x, x] as number[]),
      ),
      0,
    );
    expect(same.spearman).toMatchObject({ value: 1, n: 4 });
    expect(same.kendall).toMatchObject({ value: 1, n: 4 });
    const three = { ...direct, heads: direct.heads.slice(0, 3) };
    const opposite = method(
      "causal",
      [[-2], [-6], [0], [9]].map(([x]) => [x, x] as number[]),
    );
    expect(agreement(three, opposite, 0).spearman).toMatchObject({ value: -1, n: 3 });
  });

  it("is over traces: an order that some traces turn round has a wide interval", () => {
    const steady = method("direct", [Array(20).fill(1), Array(20).fill(2), Array(20).fill(3)]);
    const shaky = method("patching", [
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 9 : -6)),
      Array(20).fill(2),
      Array(20).fill(3),
    ]);
    const { value, lo, hi } = agreement(steady, shaky, 1).spearman;
    expect([Number(lo) <= value, value <= Number(hi), Number(hi) - Number(lo) > 0.4]).toEqual([true, true, true]);
  });

  it("is not a number for a single head", () => {
    expect(agreement(direct, { ...direct, heads: direct.heads.slice(0, 1) }, 0).spearman.value).toBeNaN();
  });
});
