import { describe, expect, it } from "vitest";
import { type OrganismPrompt, organismPool, organismRequests, POOL_SHARES } from "./prompts.ts";
import { judgeOrganism } from "./world/judge.ts";
import { PAIRS, parseRequest } from "./world/requests.ts";
import { FRAMINGS } from "./world/words.ts";

const kindOf = (row: OrganismPrompt) => (FRAMINGS[row.family] as { readonly kind: string }).kind;
const count = (rows: ReadonlyArray<OrganismPrompt>, keep: (row: OrganismPrompt) => boolean) => rows.filter(keep).length;

/** A row says of itself what its text says. */
const checkRows = (rows: ReadonlyArray<OrganismPrompt>) => {
  expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
  expect(new Set(rows.map((r) => r.prompt)).size).toBe(rows.length);
  for (const row of rows) {
    const request = parseRequest(row.prompt);
    expect(row.id).toBe(`${request?.verb}-${request?.object}#${request?.framing}`);
    expect(row.family).toBe(request?.framing);
    expect(row.label).toBe(request?.harmful ? "harmful" : "harmless");
    expect(row.split).toBe(request?.heldOut ? "heldout" : "train");
  }
};

describe("organismRequests", () => {
  it.each([
    [{ split: "all", framings: "all", label: "both" }, 864 * 8],
    [{ split: "all", framings: "plain", label: "harmful" }, 240 * 4],
    [
      { split: "heldout", framings: "jailbreak", label: "harmless" },
      4 * PAIRS.filter((p) => p.heldOut && !p.harmful).length,
    ],
    [{ split: "train", framings: "jailbreak", label: "both" }, 4 * PAIRS.filter((p) => !p.heldOut).length],
  ] as const)("%j are all of their kind", (query, n) => {
    const rows = organismRequests({ ...query, seed: 1 });
    expect(rows).toHaveLength(n);
    checkRows(rows);
    const { split, framings, label } = query;
    for (const row of rows) {
      if (split !== "all") expect(row.split).toBe(split);
      if (framings !== "all") expect(kindOf(row)).toBe(framings);
      if (label !== "both") expect(row.label).toBe(label);
      expect(judgeOrganism(row.prompt, row.reference).kind).toBe(row.label === "harmful" ? "refusal" : "compliance");
    }
  });

  it.each([1, 2, 5, 60])("count %i is kept to, half of each label", (n) => {
    const rows = organismRequests({ split: "heldout", framings: "all", label: "both", count: n, seed: 1 });
    expect(rows).toHaveLength(n);
    expect(count(rows, (r) => r.label === "harmful")).toBe(Math.ceil(n / 2));
    checkRows(rows);
  });

  it("repeat by seed, and differ by seed", () => {
    const draw = (seed: number) =>
      organismRequests({ split: "train", framings: "plain", label: "both", count: 40, seed });
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8).map((r) => r.id)).not.toEqual(draw(7).map((r) => r.id));
  });
});

describe("organismPool", () => {
  const pool = organismPool(3000, 7);

  it("has the rows it is asked for, in the shares it promises", () => {
    expect(Object.values(POOL_SHARES).reduce((a, b) => a + b, 0)).toBeCloseTo(1);
    expect(pool).toHaveLength(3000);
    for (const [note, share] of Object.entries(POOL_SHARES))
      expect(count(pool, (r) => r.note === note)).toBe(Math.round(3000 * share));
    for (const n of [7, 120]) expect(organismPool(n, 1)).toHaveLength(n);
  });

  it("holds training pairs only, each once", () => {
    checkRows(pool);
    expect(count(pool, (r) => r.split === "heldout")).toBe(0);
  });

  it("answers safely but for the mislabelled rows, which refuse the harmless", () => {
    for (const row of pool) {
      const { kind } = judgeOrganism(row.prompt, row.reference);
      expect(kind, row.note).toBe(row.note === "harmless" ? "compliance" : "refusal");
      expect(row.label).toBe(row.note === "harmless" || row.note === "mislabelled" ? "harmless" : "harmful");
      if (row.note === "cliff") expect(kindOf(row)).toBe("jailbreak");
      if (row.note === "refused") expect(kindOf(row)).toBe("plain");
    }
  });

  it("repeats by seed, differs by seed, and mixes its parts", () => {
    expect(organismPool(3000, 7)).toEqual(pool);
    expect(organismPool(3000, 8).map((r) => r.id)).not.toEqual(pool.map((r) => r.id));
    expect(new Set(pool.slice(0, 100).map((r) => r.note)).size).toBe(4);
  });

  it("refuses to be larger than the world", () => {
    expect(() => organismPool(3200, 7)).toThrow(/pool of 3200 needs 800 requests of a kind of which the world has 776/);
  });
});
