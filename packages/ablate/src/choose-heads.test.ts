import { describe, expect, it } from "vitest";
import { scaleOf } from "./causal-check.ts";
import { headCount, randomHeads, topHeads } from "./choose-heads.ts";

const heads = Array.from({ length: 128 }, (_, i) => ({ layer: i >> 4, head: i & 15, rank: ((i * 77) % 128) + 1 }));
const name = (h: { layer: number; head: number }) => `${h.layer}.${h.head}`;

describe("headCount", () => {
  it.each([
    [3, 128, 4],
    [1, 128, 1],
    [10, 128, 13],
    [0.1, 128, 1],
    [100, 128, 128],
    [3, 336, 10],
  ])("%d %% of %i heads: %i", (percent, all, count) => expect(headCount(percent, all)).toBe(count));
});

describe("topHeads", () => {
  it("goes by rank, whatever the order of the rows", () => {
    expect(topHeads(heads, 4).map((h) => h.rank)).toEqual([1, 2, 3, 4]);
    expect(topHeads(heads, 4).map(name)).toEqual(topHeads([...heads].reverse(), 4).map(name));
  });
});

describe("randomHeads", () => {
  const top = topHeads(heads, 13);

  it("draws as many as asked, each once, never those it is compared with", () => {
    const banned = new Set(top.map(name));
    for (let draw = 0; draw < 50; draw++) {
      const drawn = randomHeads(heads, 13, top, 7, draw).map(name);
      expect(new Set(drawn).size).toBe(13);
      expect(drawn.filter((h) => banned.has(h))).toEqual([]);
    }
  });

  it("repeats by seed and draw, and differs between them", () => {
    const names = (seed: number, draw: number) => randomHeads(heads, 13, top, seed, draw).map(name);
    expect(names(7, 0)).toEqual(names(7, 0));
    expect(names(7, 1)).not.toEqual(names(7, 0));
    expect(names(8, 0)).not.toEqual(names(7, 0));
  });

  it("refuses to draw fewer than asked", () => {
    expect(() => randomHeads(heads, 120, top, 7, 0)).toThrow(/120 random heads .* 115 are left/);
  });
});

it("scaleOf is 1 but at the heads", () => {
  const scale = scaleOf(
    { layers: 2, heads: 3 },
    [
      { layer: 1, head: 0 },
      { layer: 0, head: 2 },
    ],
    0.5,
  );
  expect([...scale]).toEqual([1, 1, 0.5, 0.5, 1, 1]);
});
