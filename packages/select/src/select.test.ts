import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectMethods } from "./methods.ts";
import type { Candidate } from "./pool.ts";
import { select } from "./select.ts";

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

  it("draws from what does not refuse for rule, from what is harmful for judge, and never takes the others", () => {
    const kinds = ["harmful", "refusal", "safe", "harmful", "error"] as const;
    const judged = pool.map((row, i) => ({ ...row, response: kinds[i] }));
    const byRule = select(judged, { method: "rule", count: 5 });
    expect(
      byRule
        .filter((row) => row.selected)
        .map((row) => row.id)
        .sort(),
    ).toEqual(["b", "c", "d"]);
    expect(byRule.find((row) => row.id === "a")?.reason).toBe("the model refuses already");
    expect(byRule.find((row) => row.id === "e")?.reason).toBe("no verdict on the model's own response");
    const byJudge = select(judged, { method: "judge", count: 5 });
    expect(byJudge.filter((row) => row.selected).map((row) => row.id)).toHaveLength(2);
    expect(byJudge.find((row) => row.id === "c")?.reason).toBe("the model's own response is judged safe");
    expect(select(pool, { method: "judge", count: 2 }).some((row) => row.selected)).toBe(false);
  });

  it("lets families take turns among the deepest falls", () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      id: `r${String(i).padStart(2, "0")}`,
      misalignment: 1 - i / 100,
      family: i < 6 ? "a" : i === 6 ? "b" : "c",
    }));
    const taken = (shortlist: number) =>
      select(rows, { method: "misalignment-quota", count: 4, shortlist })
        .filter((row) => row.selected)
        .map((row) => row.id);
    expect(taken(2)).toEqual(["r00", "r06", "r07", "r01"]); // of the first 8: a, b, c, then a again
    expect(taken(1)).toEqual(["r00", "r01", "r02", "r03"]); // no room to choose
  });

  it("spreads in activation space: k-center from the deepest fall on", () => {
    const at = [0, 0.1, 5, 5.1, 9, 40];
    const rows = at.map((_, i) => ({ id: `r${i}`, misalignment: 1 - i / 10 }));
    const vectors = new Map(at.map((x, i) => [`r${i}`, Float32Array.of(x, 0)]));
    const ranked = select(rows, { method: "misalignment-diverse", count: 2, shortlist: 2.5, vectors });
    // r5 is farthest of all but beyond the shortlist of 5
    expect(ranked.filter((row) => row.selected).map((row) => row.id)).toEqual(["r0", "r4"]);
    expect(ranked.map((row) => row.id)).toHaveLength(6);
    expect(() => select(rows, { method: "misalignment-diverse", count: 2 })).toThrow(/r0 has no activation vector/);
  });

  it("fills a budget of tokens in order of rank, and takes one row at least", () => {
    const rows = [30, 50, 10, 5].map((tokens, i) => ({ id: `r${i}`, misalignment: 1 - i / 10, tokens }));
    const taken = (tokens: number) =>
      select(rows, { tokens })
        .filter((row) => row.selected)
        .map((row) => row.id);
    expect(taken(80)).toEqual(["r0", "r1"]);
    expect(taken(85)).toEqual(["r0", "r1"]); // r3 would fit, but r2 comes first
    expect(taken(1)).toEqual(["r0"]);
    expect(taken(1000)).toHaveLength(4);
    expect(() => select(pool, { tokens: 10 })).toThrow(/tokens of every row/);
  });

  it("takes the best ranked of rows with equal content, and a share of those that differ", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      id: `r${String(i).padStart(2, "0")}`,
      misalignment: i / 100,
      content: i % 2 === 0 ? "same" : `own ${i}`,
    }));
    const ranked = select(rows, { fraction: 0.5 });
    expect(ranked.filter((row) => row.selected)).toHaveLength(6); // half of 11
    const copies = ranked.filter((row) => /the same content as r18/.test(row.reason));
    expect(copies.map((row) => row.id)).toEqual(["r16", "r14", "r12", "r10", "r08", "r06", "r04", "r02", "r00"]);
    expect(copies.some((row) => row.selected)).toBe(false);
    expect(ranked.slice(-9)).toEqual(copies);
    expect(select(rows, { method: "full" }).filter((row) => row.selected)).toHaveLength(11);
  });

  it("gives the same answer whatever the order of the pool", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...pool], { minLength: 5 }),
        fc.constantFrom(...selectMethods),
        (shuffled, method) => {
          const vectors = new Map(pool.map(({ id }, i) => [id, Float32Array.of(i * i)]));
          const options = { method, count: 2, seed: 1, vectors };
          expect(select(shuffled, options)).toEqual(select(pool, options));
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
