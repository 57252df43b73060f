import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, select, selectMethods } from "./select.ts";

const pool: readonly Candidate[] = [
  { id: "d", misalignment: 0.5, final: 0.4 },
  { id: "a", misalignment: null, final: null },
  { id: "c", misalignment: 0.9, final: 0.05 },
  { id: "b", misalignment: 0.5, final: 0.02 },
  { id: "e", misalignment: -0.2, final: 0.99 },
];

const order = (options: Parameters<typeof select>[1]) =>
  select(pool, options)
    .map((row) => row.id)
    .join("");
const picked = (options: Parameters<typeof select>[1]) =>
  select(pool, options)
    .filter((row) => row.selected)
    .map((row) => row.id)
    .join("");

describe("select", () => {
  it("ranks by the largest cliff, ties by id, missing scores last", () => {
    expect(order({ method: "misalignment", count: 2 })).toBe("cbdea");
    expect(picked({ method: "misalignment", count: 2 })).toBe("cb");
    expect(select(pool, { count: 2 }).map((row) => row.rank)).toEqual([1, 2, 3, 4, 5]);
  });

  it("ranks by the lowest final score for final-only", () => {
    expect(order({ method: "final-only", count: 2 })).toBe("bcdea");
  });

  it("never takes a row without the score, even with budget to spare", () => {
    const rows = select(pool, { count: 5 });
    expect(rows.filter((row) => row.selected)).toHaveLength(4);
    expect(rows.at(-1)).toMatchObject({ id: "a", score: null, selected: false });
    expect(rows.at(-1)?.reason).toMatch(/no misalignment score/);
  });

  it("takes everything for full and a seeded sample for random", () => {
    expect(picked({ method: "full" })).toBe("abcde");
    const samples = Array.from({ length: 40 }, (_, seed) => picked({ method: "random", count: 2, seed }));
    expect(picked({ method: "random", count: 2, seed: 3 })).toBe(samples[3]);
    expect(new Set(samples.join("")).size).toBe(5); // every row comes up
  });

  it("rounds the budget to the paper's 1.7 %, never to none", () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ id: `r${i}`, misalignment: i, final: 0 }));
    expect(select(many).filter((row) => row.selected)).toHaveLength(17);
    expect(select(many).find((row) => row.rank === 1)?.id).toBe("r999");
    expect(picked({})).toBe("c");
  });

  it("gives the same answer whatever the order of the pool", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...pool], { minLength: 5 }),
        fc.constantFrom(...selectMethods),
        (shuffled, method) => {
          expect(select(shuffled, { method, count: 2, seed: 1 })).toEqual(select(pool, { method, count: 2, seed: 1 }));
        },
      ),
    );
  });

  it.each([
    [[], {}, /empty/],
    [[pool[0], pool[0]], {}, /twice/],
    [[{ id: "x", misalignment: Number.NaN, final: 0 }], {}, /x: misalignment is NaN/],
    [pool, { count: 1, fraction: 0.1 }, /not both/],
    [pool, { count: 1.5 }, /positive integer/],
    [pool, { fraction: 0 }, /\(0, 1\]/],
  ])("rejects an impossible request (%#)", (candidates, options, message) => {
    expect(() => select(candidates as Candidate[], options)).toThrow(message);
  });
});
