import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairedRateDifference } from "./paired-rates.ts";
import { rateDifference } from "./rate-difference.ts";

describe("pairedRateDifference", () => {
  it("gives the interval of a published example", () => {
    // Bentur et al. 2009, airway hyper-responsiveness before and after transplantation; by the square-and-add method in
    // Fagerland, Lydersen and Laake 2014: −0.507 to −0.026, before minus after.
    const { value, lo, hi, n } = pairedRateDifference({ both: 1, lost: 1, gained: 7, neither: 12 });
    expect([value, lo, hi].map((x) => Number(x.toFixed(3)))).toEqual([0.286, 0.026, 0.507]);
    expect(n).toBe(21);
  });

  it("is that of independent rates where the pairs have nothing in common", () => {
    // 10·40 = 20·20: no correlation
    const paired = pairedRateDifference({ both: 10, gained: 20, lost: 20, neither: 40 });
    const apart = rateDifference({ successes: 30, n: 90 }, { successes: 30, n: 90 });
    expect(paired.lo).toBeCloseTo(apart.lo, 12);
    expect(paired.hi).toBeCloseTo(apart.hi, 12);
  });

  it("keeps a width when nothing changed, and is narrower for it", () => {
    const unchanged = pairedRateDifference({ both: 90, gained: 0, lost: 0, neither: 90 });
    expect(unchanged.value).toBe(0);
    expect(unchanged.hi).toBeGreaterThan(0.002);
    expect(unchanged.hi).toBeLessThan(rateDifference({ successes: 90, n: 180 }, { successes: 90, n: 180 }).hi / 4);
    const never = pairedRateDifference({ both: 0, gained: 0, lost: 0, neither: 180 });
    expect(never.hi).toBeGreaterThan(0.01); // none of 180 is not none at all
  });

  it("holds its value, stays within −1 and 1, and turns round with before and after", () => {
    const count = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(count, count, count, count, (both, gained, lost, neither) => {
        fc.pre(both + gained + lost + neither > 0);
        const there = pairedRateDifference({ both, gained, lost, neither });
        const back = pairedRateDifference({ both, gained: lost, lost: gained, neither });
        expect(there.lo).toBeLessThanOrEqual(there.value + 1e-12);
        expect(there.hi).toBeGreaterThanOrEqual(there.value - 1e-12);
        expect(Math.abs(there.lo)).toBeLessThanOrEqual(1);
        expect(back.lo).toBeCloseTo(-there.hi, 12);
        expect(back.hi).toBeCloseTo(-there.lo, 12);
      }),
    );
  });

  it("knows nothing of no rows, and refuses what is no count", () => {
    expect(pairedRateDifference({ both: 0, gained: 0, lost: 0, neither: 0 })).toMatchObject({ lo: -1, hi: 1, n: 0 });
    expect(() => pairedRateDifference({ both: 1, gained: -1, lost: 0, neither: 0 })).toThrow(RangeError);
    expect(() => pairedRateDifference({ both: 1, gained: 0.5, lost: 0, neither: 0 })).toThrow(/got 0.5/);
  });
});
