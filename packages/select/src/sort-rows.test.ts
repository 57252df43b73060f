import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sortRows } from "./sort-rows.ts";

describe("sortRows", () => {
  it("sorts as a stable sort does, any number of rows", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 70 }), (keys) => {
        const rows = Uint32Array.from(keys.keys());
        const compare = (a: number, b: number) => (keys[a] as number) - (keys[b] as number);
        const want = [...keys.keys()].toSorted(compare);
        expect([...sortRows(rows, compare)]).toEqual(want);
        expect([...rows]).toEqual(want);
      }),
    );
  });
});
