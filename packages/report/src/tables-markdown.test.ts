import * as Schema from "effect/Schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FilledCell, fillTables } from "./fill-tables.ts";
import { TableLayout } from "./table-layout.ts";
import { cellText, escapeMarkdown, tablesMarkdown } from "./tables-markdown.ts";

const measured = (value: number, rest: object = {}): FilledCell => ({
  kind: "measured",
  format: "score",
  metric: { key: "k", node: "n", value, lo: null, hi: null, n: null, ...rest },
  ...("format" in rest ? { format: rest.format as "count" } : {}),
});

describe("what a cell shows", () => {
  it.each([
    ["0.88 [0.83, 0.92], n 180", measured(0.8777, { lo: 0.83, hi: 0.92, n: 180 })],
    ["0.88, n 180", measured(0.8777, { n: 180 })],
    ["−0.25", measured(-0.25)],
    ["88\u202f% [83\u202f%, 92\u202f%]", measured(0.8777, { lo: 0.83, hi: 0.92, format: "percent" })],
    ["40\u202f000", measured(40_000, { format: "count" })],
    // three significant digits, whatever the size
    ["1.23", measured(1.2345, { format: "number" })],
    ["0.0123", measured(0.012345, { format: "number" })],
    ["123", measured(123.45, { format: "number" })],
    ["1.2e−5", measured(0.000012345, { format: "number" })],
    ["0", measured(0, { format: "number" })],
    ["0.34", { kind: "reference", format: "score", value: 0.34 }],
    ["at most 0.05", { kind: "reference", format: "score", value: "at most 0.05" }],
    ["yes", { kind: "answer", answer: true, value: 0 }],
    ["no", { kind: "answer", answer: false, value: 0 }],
    ["2 of 3", { kind: "tally", yes: 2, of: 3 }],
    ["words", { kind: "text", text: "words" }],
    ["—", { kind: "none" }],
  ] as ReadonlyArray<readonly [string, FilledCell]>)("%s", (text, cell) => {
    expect(cellText(cell)).toBe(text);
  });
});

const page = (title: string, text: string) =>
  tablesMarkdown(
    fillTables(
      Schema.decodeUnknownSync(TableLayout)({
        title,
        text,
        tables: [
          {
            name: "t",
            title,
            text,
            head: title,
            columns: [{ name: "c", title: text }],
            rows: [{ title, cells: { c: { text } } }],
            notes: [text],
          },
        ],
        notes: [text],
      }),
      [],
    ),
  );

describe("tables as Markdown", () => {
  it("has columns that stand below one another, words to the left and numbers to the right", () => {
    const metrics = [{ node: "n", rows: [{ key: "asr", value: 0.5, lo: 0.25, hi: 0.75, n: 12 }] }];
    const layout = Schema.decodeUnknownSync(TableLayout)({
      title: "t",
      tables: [
        {
          name: "t",
          title: "t",
          head: "model",
          columns: [{ name: "c", title: "ASR", cell: { metric: "asr" } }],
          rows: [{ title: "one" }, { title: "[theirs]", cells: { c: { reference: 0.34 } } }],
        },
      ],
    });
    // brackets of an interval are no link; those of a title might be
    expect(tablesMarkdown(fillTables(layout, metrics))).toContain(`
| model      |                     ASR |
| :--------- | ----------------------: |
| one        | 0.50 [0.25, 0.75], n 12 |
| \\[theirs\\] |                    0.34 |
`);
  });

  it("is a page with headings, aligned tables, and notes", () => {
    expect(page("One", "two")).toBe(`# One

two

Measured values stand with their 95 % interval and the number of cases behind them; — is where there is no value.

## One

two

| One | two |
| :-- | --: |
| One | two |

- two

## Notes

- two
`);
  });

  it("shows markup, links, pipes and invisible characters instead of obeying them", () => {
    const text = page("a|b", "<img src=x> [x](//evil) `c` *d* _e_ $f$ ~g~ &lt; \\| \u202etxt\nnext");
    expect(text).toMatch(/^\| a\\\|b +\|/m);
    expect(text).toContain(
      "\\<img src=x\\> \\[x\\](//evil) \\`c\\` \\*d\\* \\_e\\_ \\$f\\$ \\~g\\~ \\&lt; \\\\\\| ⟨U+202E⟩txt⏎next",
    );
    expect(page("t", "# no heading")).not.toMatch(/^# no/m);
    for (const start of ["- no list", "+ no list", "1. no list", "2) no list", "=== no heading"])
      expect(page("t", start).split("\n")).not.toContain(start);
  });

  it("keeps any text within its cell and its line", () => {
    const lines = page("t", "x").split("\n").length;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (any) => {
        const text = page("t", any);
        expect(text.split("\n")).toHaveLength(lines);
        // a row of two cells has three pipes that are not escaped
        const bare = (line: string) => line.replace(/\\[\\`*_[\]<>|~&$#]/g, "").split("|").length - 1;
        for (const line of text.split("\n").filter((l) => l.startsWith("| t "))) expect(bare(line)).toBe(3);
        // no markup character stands bare
        expect(escapeMarkdown(any).replace(/\\[\\`*_[\]<>|~&$#]/g, "")).not.toMatch(/[\\`*_[\]<>|~&$#]/);
      }),
    );
  });
});
