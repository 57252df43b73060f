import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf } from "./canonical.ts";

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe("canonicalJson", () => {
  it("does not depend on key order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it("keeps different values apart", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(reversed(reversed(a))) === JSON.stringify(b);
        fc.pre(!same);
        if (canonicalJson(a) === canonicalJson(b)) expect(JSON.parse(canonicalJson(a))).toEqual(b);
      }),
    );
    const texts = [1, "1", null, "null", [], {}, [1], { "0": 1 }, NaN, "NaN", 1n, Infinity, true].map(canonicalJson);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("treats -0 as 0, a missing member as an undefined one", () => {
    expect(digestOf({ a: -0, b: undefined })).toBe(digestOf({ a: 0 }));
  });

  it("refuses what has no text", () => {
    const circle: { me?: unknown } = {};
    circle.me = circle;
    expect(() => canonicalJson(circle)).toThrow(/cyclic/);
    expect(() => canonicalJson(() => 1)).toThrow(/function/);
  });
});
