import type { HeadEffect } from "@precipice/artifacts";
import { wilson } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { recoveryOf } from "./recovery.ts";

const effects = (method: HeadEffect["method"], order: string): HeadEffect[] =>
  [...order].map((mark, i) => ({
    target: "probe",
    method,
    position: "final",
    layer: 0,
    head: i,
    effect: -i,
    lo: null,
    hi: null,
    rank: i + 1,
    n: 1,
    planted: mark === "P",
  }));

describe("recoveryOf", () => {
  // two models with two planted heads each, of eight
  const models = [
    [...effects("direct", "PP......"), ...effects("patching", "P..P....")],
    [...effects("direct", "P.P....."), ...effects("patching", "......PP")],
  ];
  const found = recoveryOf(models, { maxK: 8, seed: 1 });
  const of = (method: string) => found.find((r) => r.method === method);

  it("averages recall at the number planted over the models", () => {
    expect(of("direct")?.atPlanted).toMatchObject({ value: 0.75, n: 2 });
    expect(of("patching")?.atPlanted.value).toBe(0.25);
  });

  it("gives precision and recall at every k", () => {
    const at = (method: string, k: number) => of(method)?.points.find((p) => p.k === k);
    expect(at("direct", 1)).toMatchObject({ precision: 1, recall: 0.5, n: 2 });
    expect(at("direct", 3)).toMatchObject({ recall: 1 });
    expect(at("direct", 3)?.precision).toBeCloseTo(2 / 3, 12);
    expect(at("patching", 8)).toMatchObject({ precision: 0.25, recall: 1 });
  });

  it("keeps a width where every planting gave all or nothing, and has none for an expectation", () => {
    const { lo, hi } = wilson(2, 2);
    expect(of("direct")?.points[0]).toMatchObject({ precision: 1, precision_lo: lo, precision_hi: hi });
    expect(of("patching")?.atPlanted).toMatchObject({ lo: 0, hi: 0.5 }); // the two plantings differ
    expect(of("random")?.points[3]).toMatchObject({ recall: 0.5, recall_lo: null, recall_hi: null });
  });

  it("says what a random order would find", () => {
    expect(of("random")?.atPlanted.value).toBe(0.25);
    expect(of("random")?.points.at(-1)).toMatchObject({ k: 8, precision: 0.25, recall: 1 });
  });

  it("refuses models without planted heads, and none at all", () => {
    expect(() => recoveryOf([], { maxK: 3, seed: 1 })).toThrow(RangeError);
    expect(() => recoveryOf([effects("direct", "....")], { maxK: 3, seed: 1 })).toThrow(/model 1 of 1 has no planted/);
  });
});
