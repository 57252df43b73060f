/** The cache keeps every row's keys and values where the decode program looks for them, whatever happens around them. */
import { describe, expect, it } from "vitest";
import { KvCache } from "./kv-cache.ts";

const SHAPE = { layers: 2, kvHeads: 2, headDim: 3, maxRows: 4 };
const ARRAYS = 2 * SHAPE.layers;

/** A value that names its array, row id, head, token and dimension. */
const mark = (array: number, id: number, head: number, token: number, i: number) =>
  array * 1e5 + id * 1e4 + head * 1e3 + token * 10 + i;

/** Prefill of `ids`, right-padded to `tokens`: `[rows, kv_heads, tokens, d_head]`. */
const prefill = (array: number, ids: ReadonlyArray<number>, tokens: number) =>
  Float32Array.from(
    ids.flatMap((id) =>
      Array.from({ length: SHAPE.kvHeads }, (_, h) =>
        Array.from({ length: tokens }, (_, t) => [0, 1, 2].map((i) => mark(array, id, h, t, i))),
      ).flat(2),
    ),
  );

const write = (cache: KvCache, row: number, id: number, length: number) => {
  for (let a = 0; a < ARRAYS; a++) cache.writeRow(a, row, prefill(a, [99, id], 8), 1, 8, length);
};

const expectRow = (cache: KvCache, row: number, id: number, length: number, rows = SHAPE.maxRows) => {
  for (let a = 0; a < ARRAYS; a++) {
    const view = cache.view(a, rows);
    for (let h = 0; h < SHAPE.kvHeads; h++) {
      for (let t = 0; t < length; t++) {
        const at = ((row * SHAPE.kvHeads + h) * cache.slots + t) * SHAPE.headDim;
        const want = [0, 1, 2].map((i) => mark(a, id, h, t, i));
        expect(Array.from(view.subarray(at, at + 3)), `array ${a}, row ${row}, head ${h}, token ${t}`).toEqual(want);
      }
    }
  }
};

describe("KvCache", () => {
  it("views its first rows without a copy", () => {
    const cache = new KvCache(SHAPE, 5);
    expect(cache.slots).toBe(32);
    expect(cache.view(3, 2)).toHaveLength(2 * 2 * 32 * 3);
    expect(cache.view(3, 2).buffer).toBe(cache.view(3, 4).buffer);
    expect(cache.bytes).toBe(ARRAYS * 4 * 2 * 32 * 3 * 4);
  });

  it("takes a row out of a padded prefill", () => {
    const cache = new KvCache(SHAPE, 8);
    write(cache, 2, 5, 6);
    expectRow(cache, 2, 5, 6);
    const beyond = (2 * SHAPE.kvHeads * cache.slots + 6) * SHAPE.headDim;
    expect(cache.view(0, 4)[beyond]).toBe(0);
  });

  it("writes each row of a step at its own slot", () => {
    const cache = new KvCache(SHAPE, 8);
    const lengths = [3, 6];
    write(cache, 0, 1, 3);
    write(cache, 1, 2, 6);
    const step = Float32Array.from(
      Array.from({ length: ARRAYS }, (_, a) =>
        lengths.map((length, row) => [0, 1].map((h) => [0, 1, 2].map((i) => mark(a, row + 1, h, length, i)))),
      ).flat(3),
    ); // [2 · layers, rows, kv_heads, d_head]
    cache.writeStep(step, 2, (row) => lengths[row] as number);
    expectRow(cache, 0, 1, 4);
    expectRow(cache, 1, 2, 7);
  });

  it("keeps its rows when it grows, and grows by more than was asked", () => {
    const cache = new KvCache(SHAPE, 8);
    write(cache, 0, 1, 8);
    write(cache, 1, 2, 5);
    cache.grow(32, 2);
    expect(cache.slots).toBe(32);
    cache.grow(33, 2);
    expect(cache.slots).toBe(64);
    expectRow(cache, 0, 1, 8);
    expectRow(cache, 1, 2, 5);
    cache.grow(200, 2);
    expect(cache.slots).toBe(256);
    expectRow(cache, 1, 2, 5);
  });

  it("moves the last row into a gap", () => {
    const cache = new KvCache(SHAPE, 8);
    for (const row of [0, 1, 2]) write(cache, row, row + 1, 8);
    cache.moveRow(2, 0);
    expectRow(cache, 0, 3, 8, 2);
    expectRow(cache, 1, 2, 8, 2);
  });
});
