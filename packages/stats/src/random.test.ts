import { describe, expect, it } from "vitest";
import { murmur3 } from "./murmur.ts";
import { random } from "./random.ts";
import { xoshiro128ss } from "./xoshiro.ts";

describe("xoshiro128ss", () => {
  it("gives the words of the reference implementation", () => {
    // xoshiro128starstar.c 1.1 from state {1, 2, 3, 4}
    const word = xoshiro128ss([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, word)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("refuses the state it cannot leave", () => {
    expect(() => xoshiro128ss([0, 0, 0, 0])).toThrow(RangeError);
  });
});

describe("murmur3", () => {
  it.each([
    // published vectors of MurmurHash3_x86_32
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["test", 0, 0xba6bd213],
    ["Hello, world!", 0, 0xc0363e43],
    ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
  ])("hashes %j with seed %i", (text, seed, hash) => {
    expect(murmur3(new TextEncoder().encode(text), seed)).toBe(hash);
  });
});

describe("random", () => {
  const first = (r: { next(): number }) => Array.from({ length: 4 }, () => r.next());

  it("repeats itself for equal names and differs for others", () => {
    expect(first(random(7, "folds", 3))).toEqual(first(random(7, "folds", 3)));
    const streams = [
      random(7),
      random("7"),
      random(8),
      random(7, "ab", "c"),
      random(7, "a", "bc"),
      random(7, 1),
      random(7, 2),
    ];
    expect(new Set(streams.map((r) => r.next())).size).toBe(streams.length);
  });

  it("is uniform: every decile of 20,000 draws holds its share", () => {
    const r = random(1, "uniform");
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const decile = r.int(10);
      counts[decile] = (counts[decile] ?? 0) + 1;
    }
    // chi-square with 9 degrees of freedom: 27.9 is its 99.9 % point
    expect(counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
  });

  it("draws normals with mean 0, variance 1 and the normal's tail", () => {
    const r = random(2, "normal");
    const values = Array.from({ length: 20_000 }, () => r.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03); // 4 standard errors
    expect(Math.abs(values.reduce((a, b) => a + b * b, 0) / values.length - 1)).toBeLessThan(0.04);
    expect(Math.abs(values.filter((v) => Math.abs(v) > 1.96).length / values.length - 0.05)).toBeLessThan(0.006);
  });

  it("shuffles to a permutation, each of six equally likely", () => {
    const r = random(3, "shuffle");
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = r.shuffle([1, 2, 3]).join("");
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const n of seen.values()) expect(Math.abs(n - 1000)).toBeLessThan(120); // 4 standard deviations
  });

  it("samples without replacement and leaves the array alone", () => {
    const array = Array.from({ length: 50 }, (_, i) => i);
    const picked = random(4).sample(array, 20);
    expect(new Set(picked).size).toBe(20);
    expect(array[49]).toBe(49);
    expect(random(4).sample(array, 80)).toHaveLength(50);
  });

  it("rejects an empty or fractional range", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => random(1).int(n)).toThrow(RangeError);
  });
});
