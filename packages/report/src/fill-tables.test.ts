import { StageError } from "@precipice/runtime";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import type { FromNode, Metric } from "./data.ts";
import { checkLayout, type FilledCell, fillTables, tallyMetrics } from "./fill-tables.ts";
import { TableLayout } from "./table-layout.ts";

const layout = (table: object, rest: object = {}): TableLayout =>
  Schema.decodeUnknownSync(TableLayout)(
    { title: "Page", tables: [{ name: "t", title: "T", ...table }], ...rest },
    { onExcessProperty: "error" },
  );

const rates = (node: string, base: number, random: number): FromNode<Metric> => ({
  node,
  rows: [
    { key: "asr.base", value: base, lo: base - 0.1, hi: base + 0.1, n: 180 },
    { key: "asr.random", value: random, lo: random - 0.1, hi: random + 0.1, n: 900 },
    { key: "count", value: 12, lo: null, hi: null, n: null },
  ],
});
const metrics = [rates("rates[model=a]", 0.8, 0.85), rates("rates[model=b]", 0.3, 0.55)];

const from = "rates[model={model}]";
const rows = [
  { title: "A", with: { model: "a" } },
  { title: "B", with: { model: "b" } },
];
const column = (name: string, cell?: object, rest: object = {}) => ({
  name,
  title: name,
  ...(cell === undefined ? {} : { cell }),
  ...rest,
});
const asr = { key: "asr.base", node: from };

/** The cells of one column, from the first row down. */
const cellsOf = (given: TableLayout, name: string): ReadonlyArray<FilledCell | undefined> =>
  fillTables(given, metrics).tables[0]?.rows.map((row) => row.cells[name]) ?? [];

const failure = (run: () => unknown): StageError => {
  try {
    run();
  } catch (error) {
    if (error instanceof StageError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("filling tables", () => {
  it("fills a column with what each row says its names stand for", () => {
    const cells = cellsOf(layout({ columns: [column("base", { metric: asr })], rows }), "base");
    expect(cells).toMatchObject([
      { kind: "measured", format: "score", metric: { key: "asr.base", node: "rates[model=a]", value: 0.8, n: 180 } },
      { kind: "measured", format: "score", metric: { key: "asr.base", node: "rates[model=b]", value: 0.3, n: 180 } },
    ]);
  });

  it("lets a row have its own cell, and leaves a dash where a row says nothing of the names", () => {
    const given = layout({
      columns: [column("base", { metric: asr }, { format: "percent" }), column("paper")],
      rows: [
        { title: "A", with: { model: "a" }, cells: { paper: { reference: 0.34 } } },
        { title: "the paper's", cells: { paper: { reference: "at most 0.05", format: "count" } } },
        { title: "in words", cells: { base: { text: "as above" } } },
      ],
    });
    expect(cellsOf(given, "base")).toMatchObject([
      { kind: "measured", format: "percent" },
      { kind: "none" },
      { kind: "text", text: "as above" },
    ]);
    expect(cellsOf(given, "paper")).toEqual([
      { kind: "reference", format: "score", value: 0.34 },
      { kind: "reference", format: "count", value: "at most 0.05" },
      { kind: "none" },
    ]);
  });

  it("answers whether a value is below a bound, and whether it lies within an interval, both ends included", () => {
    const inside = { metric: { key: "asr.random", node: from }, inside: asr };
    const given = layout({
      columns: [column("low", { metric: asr, below: 0.3 }), column("inside", inside)],
      rows: [...rows, { title: "a value of theirs", cells: { low: { reference: 0.1, below: 0.3 } } }],
    });
    // 0.3 is not below 0.3
    expect(cellsOf(given, "low")).toMatchObject([{ answer: false }, { answer: false }, { answer: true, value: 0.1 }]);
    expect(cellsOf(given, "inside")).toMatchObject([
      { kind: "answer", answer: true, value: 0.85, inside: { lo: 0.7000000000000001, hi: 0.9 } },
      { kind: "answer", answer: false, value: 0.55, inside: { lo: 0.19999999999999998, hi: 0.4 } },
      { kind: "none" },
    ]);
    const edge = [{ node: "n", rows: [{ key: "x", value: 0.5, lo: 0.5, hi: 0.7, n: 3 }] }];
    const same = layout({
      columns: [column("inside")],
      rows: [{ title: "x", cells: { inside: { metric: "x", inside: "x" } } }],
    });
    expect(fillTables(same, edge).tables[0]?.rows[0]?.cells["inside"]).toMatchObject({ answer: true });
  });

  it("counts the yes of a column, and makes a metric of what this run measured", () => {
    const theirs = { title: "theirs", cells: { low: { reference: 0.07, below: 0.5 } } };
    const low = column("low", { metric: asr, below: 0.5 }, { tally: true, title: "ASR is low" });
    const paper = column("paper", undefined, { tally: true });
    const referred = { ...theirs, cells: { ...theirs.cells, paper: { reference: 0.2, below: 0.1 } } };
    const { tables } = fillTables(
      layout({ columns: [low, paper, column("rest")], rows: [...rows, referred] }),
      metrics,
    );
    expect(tables[0]?.rows.at(-1)).toEqual({
      title: "yes",
      cells: { low: { kind: "tally", yes: 2, of: 3 }, paper: { kind: "tally", yes: 0, of: 1 }, rest: { kind: "none" } },
    });
    // what is the paper's alone is no result of this run
    expect(tallyMetrics(tables, "p")).toEqual([
      { key: "p.t.low.yes", value: 2, lo: null, hi: null, n: 3, title: "ASR is low" },
    ]);
  });

  it("leaves a dash for a metric that is not there only where the cell is optional", () => {
    const cell = { metric: { key: "asr.bose", node: from } };
    const optional = layout({ columns: [column("base", { ...cell, optional: true })], rows });
    expect(cellsOf(optional, "base")).toEqual([{ kind: "none" }, { kind: "none" }]);
    const error = failure(() => fillTables(layout({ columns: [column("base", cell)], rows }), metrics));
    expect(error.code).toBe("E_TABLES_METRIC");
    expect(error.message).toBe(
      'table t, row "A", base: there is no metric "asr.bose" in node rates[model=a]; is "asr.base" meant?\n' +
        'table t, row "B", base: there is no metric "asr.bose" in node rates[model=b]; is "asr.base" meant?',
    );
    expect(error.remedy).toMatch(/optional/);
  });

  it.each([
    [
      "a node that is not wired, even where a metric may be absent",
      { metric: { key: "asr.base", node: "rates[model=c]" }, optional: true },
      /no metrics of a node "rates\[model=c\]" are wired; is "rates\[model=[ab]\]" meant\?/,
    ],
    [
      "a key of several nodes",
      { metric: "asr.base" },
      /"asr.base" comes from rates\[model=a\] and rates\[model=b\]: name one as \{ key, node \}/,
    ],
    [
      "an interval of a metric without one",
      { metric: { key: "count", node: "rates[model=a]" }, inside: { key: "count", node: "rates[model=a]" } },
      /the metric "count" of node rates\[model=a\] has no interval/,
    ],
  ])("refuses %s", (_, cell, message) => {
    const given = layout({ columns: [column("c")], rows: [{ title: "r", cells: { c: cell } }] });
    expect(failure(() => fillTables(given, metrics))).toMatchObject({
      code: "E_TABLES_METRIC",
      message: expect.stringMatching(message),
    });
  });
});

describe("a layout that does not fit together", () => {
  const one = [{ title: "r", cells: { c: { text: "x" } } }];
  it.each([
    ["two columns of a name", { columns: [column("c"), column("c")], rows: one }, /table t: has two columns "c"/],
    [
      "a cell of no column, with the nearest",
      { columns: [column("colour")], rows: [{ title: "r", cells: { color: { text: "x" } } }] },
      /table t, row "r", color: is not a column of the table; is "colour" meant\?/,
    ],
    [
      "a cell of two values",
      { columns: [column("c")], rows: [{ title: "r", cells: { c: { metric: "a", reference: 1 } } }] },
      /needs exactly one of metric, reference and text/,
    ],
    ["a cell of none", { columns: [column("c")], rows: [{ title: "r", cells: { c: {} } }] }, /exactly one/],
    [
      "both comparisons",
      { columns: [column("c")], rows: [{ title: "r", cells: { c: { metric: "a", below: 1, inside: "b" } } }] },
      /asks for both below and inside/,
    ],
    [
      "words compared",
      { columns: [column("c")], rows: [{ title: "r", cells: { c: { reference: "low", below: 1 } } }] },
      /can be compared only when it shows a metric or a reference that is a number/,
    ],
    [
      "a name that the row says nothing of",
      { columns: [column("c", { metric: "asr.{arm}" })], rows: [{ title: "r", with: { arms: "base" } }] },
      /row "r": says what \{arms\} is, and no cell of it asks\ntable t, row "r", c: has \{arm\}/,
    ],
    [
      "a name in the interval's metric",
      {
        columns: [column("c", { metric: { key: "a", node: "n" }, inside: { key: "{toString}", node: "n" } })],
        rows: [{ title: "r", cells: { c: { metric: "a", inside: "{toString}" } } }],
      },
      /has \{toString\}/,
    ],
  ])("refuses %s", (_, table, message) => {
    expect(failure(() => checkLayout(layout(table)))).toMatchObject({
      code: "E_TABLES_LAYOUT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses two tables of a name, and tells everything at once", () => {
    const bad = { columns: [column("c")], rows: [{ title: "r", cells: { d: { text: "x" } } }] };
    const given = layout(bad, {
      tables: [
        { name: "t", title: "", ...bad },
        { name: "t", title: "", ...bad },
      ],
    });
    const { message } = failure(() => fillTables(given, metrics));
    expect(message.split("\n")).toHaveLength(3);
    expect(message).toContain("table t: is there twice");
  });
});
