import { describe, expect, it } from "vitest";
import { keyFor, numberText, sameAs } from "./same-value.ts";

describe("same value", () => {
  it.each([
    ["1", "1.0", true],
    ["10", "1e1", true],
    ["0", "-0.00", true],
    ["0.1", "1e-1", true],
    ["9007199254740993", "9007199254740992", false],
    ["100000000000000000001", "100000000000000000001.0", true],
    ["1.1", "1.10", true],
    ["7", "007", false],
    ["1", "1 ", false],
    ["-1", "1", false],
  ])("numbers %s and %s: %s", (one, two, same) => {
    expect(numberText(one) === numberText(two)).toBe(same);
  });

  it.each<[string | number | boolean | null, unknown, boolean]>([
    [true, "True", true],
    [true, 1, true],
    [true, "yes", false],
    [false, "0.0", true],
    [false, null, false],
    [1, true, true],
    [2, true, false],
    [1.1, "1.10", true],
    [5, 5n, true],
    ["1", 1, true],
    ["1", "1.0", false],
    ["1", true, false],
    ["True", true, true],
    ["TRUE", "true", true],
    ["Yes", "yes", false],
    [null, "", true],
    ["", null, true],
    ["", undefined, true],
    [null, "null", false],
    ["null", null, false],
  ])("%s is the cell %s: %s", (wanted, cell, same) => {
    expect(sameAs(wanted)(cell)).toBe(same);
  });

  it("keys: as they stand goes before any other sense", () => {
    expect(keyFor("True", ["true", "True"])).toBe("True");
    expect(keyFor("TRUE", ["1", "true"])).toBe("true");
    expect(keyFor("1.0", ["true", "1"])).toBe("true");
    expect(keyFor("1.0", ["1", "0"])).toBe("1");
    expect(keyFor("unsafe", ["safe", "*"])).toBeUndefined();
  });
});
