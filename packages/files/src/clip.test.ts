import { describe, expect, it } from "vitest";
import { clip, someOf } from "./clip.ts";

describe("what a message repeats", () => {
  it.each<[string, number, string]>([
    ["short", 10, "short"],
    ["0123456789", 10, "0123456789"],
    ["0123456789abc", 9, "012345 … (4 characters left out) … abc"],
    [`${"x".repeat(5)}\u{1f331}${"y".repeat(100)}`, 9, "xxxxx\ufffd … (98 characters left out) … yyy"],
  ])("%j within %d", (text, most, said) => expect(clip(text, most)).toBe(said));

  it("says how many items are left out", () => {
    expect(someOf([1, 2, 3])).toBe("1, 2, 3");
    expect(
      someOf(
        Array.from({ length: 1_000_002 }, (_, i) => i),
        2,
      ),
    ).toBe("0, 1 and 1,000,000 more");
    expect(someOf([])).toBe("");
  });
});
