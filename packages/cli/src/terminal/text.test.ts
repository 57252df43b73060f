import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { table } from "./table.ts";
import { bytes, columnsOf, cut, duration, printable, short } from "./text.ts";

describe("printable", () => {
  it("lets no control character or reordering mark through, and ordinary text as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
    expect(printable("a\nb\t\u001b[31m\u0007\u009b\u202e")).toBe("a\\nb\\t\\x1b[31m\\x07\\x9b\\u202e");
    expect(printable("naïve 🙂 ¶")).toBe("naïve 🙂 ¶");
  });
});

it("duration and short are for people", () => {
  expect([0.4, 840, 12_340, 185_000, 7_620_000].map(duration)).toEqual([
    "0 ms",
    "840 ms",
    "12.3 s",
    "3 m 05 s",
    "2 h 07 m",
  ]);
  expect([1, 0.123456, 1e-7, 123456.5, -2.5].map(short)).toEqual(["1", "0.1235", "1.000e-7", "1.235e+5", "-2.5"]);
  expect([cut("🙂🙂🙂🙂", 5), cut("🙂🙂🙂🙂", 4), cut("漢字", 4)]).toEqual(["🙂🙂…", "🙂…", "漢字"]);
});

describe("table", () => {
  const rows = [
    { name: "a", text: "x".repeat(50), value: 1 },
    { name: "bb", text: "y\nz", value: 0.25 },
  ];

  it("fits the width by cutting the widest column", () => {
    for (const width of [120, 60, 30]) {
      for (const line of table(rows, width)) expect([...line].length).toBeLessThanOrEqual(width);
    }
    expect(table(rows, 30)).toEqual([
      "name  text               value",
      "────  ─────────────────  ─────",
      "a     xxxxxxxxxxxxxxxx…      1",
      "bb    y\\nz                0.25",
    ]);
  });

  it("counts columns of the terminal, not characters", () => {
    expect(
      table(
        [
          { word: "漢字", n: 1 },
          { word: "ab", n: 2 },
        ],
        80,
      ),
    ).toEqual(["word  n", "────  ─", "漢字  1", "ab    2"]);
    const text = fc.string({ unit: fc.constantFrom("a", "漢", "🙂", "e\u0301", " ") });
    fc.assert(
      fc.property(
        fc.array(fc.record({ a: text, b: text, c: text }), { minLength: 1 }),
        fc.integer({ min: 22, max: 90 }),
        (rows, width) => {
          for (const line of table(rows, width)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it("shows rows as blocks when even narrow columns do not fit", () => {
    const lines = table(rows, 16);
    expect(lines[0]).toBe("row 0");
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(16);
  });

  it("is empty without rows", () => {
    expect(table([], 80)).toEqual([]);
  });
});

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [1_056_369, "1.06 MB"],
    [3.09e9, "3.09 GB"],
    [2.5e15, "2.50 PB"],
  ])("%d", (count, text) => expect(bytes(count)).toBe(text));
});
