import { describe, expect, it } from "vitest";
import { count, interval, list, percent, score, signed, tick } from "./format.ts";
import { niceStep, spread, ticks } from "./scale.ts";

describe("numbers as shown", () => {
  it("uses a true minus sign and never minus zero", () => {
    expect(score(-0.125)).toBe("−0.13");
    expect(score(-0.001)).toBe("0.00");
    expect(signed(-1.268)).toBe("−1.27");
    expect(signed(0.0042)).toBe("+0.004");
    expect(signed(0)).toBe("0.00");
  });

  it("shows what is not a number as a dash", () => {
    expect([score(Number.NaN), count(Number.POSITIVE_INFINITY), interval(Number.NaN, 1)]).toEqual(["–", "–", ""]);
  });

  it("groups thousands and writes shares", () => {
    expect(count(1234567).replace(/\u202f/g, "_")).toBe("1_234_567");
    expect([percent(0.017), percent(0.03), percent(0.5), percent(0.0995)].map((s) => s.replace("\u202f", " "))).toEqual(
      ["1.7 %", "3 %", "50 %", "10 %"],
    );
  });

  it("joins lists as English does", () => {
    expect([list([]), list(["a"]), list(["a", "b"]), list(["a", "b", "c"])]).toEqual([
      "",
      "a",
      "a and b",
      "a, b and c",
    ]);
  });

  it("gives ticks the decimals of their step", () => {
    expect([tick(0.75, 0.25), tick(0.5, 0.5), tick(2000, 500), tick(-0.04, 0.02)]).toEqual([
      "0.75",
      "0.5",
      "2\u202f000",
      "−0.04",
    ]);
  });
});

describe("scales", () => {
  it("steps by 1, 2 or 5 times a power of ten", () => {
    expect([niceStep(1, 4), niceStep(37, 6), niceStep(0.9, 4), niceStep(0, 4)]).toEqual([0.5, 10, 0.5, 1]);
    expect(ticks([-0.31, 0.2], 0.1)).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2]);
  });

  it("moves labels apart, in order and inside the range", () => {
    const placed = spread([10, 11, 95, 96, 97], 15, [0, 100]);
    expect(placed).toEqual([10, 25, 70, 85, 100]);
  });
});
