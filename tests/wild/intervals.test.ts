/** An interval that cannot be had is none; one number has one interval; an end is never rounded towards the value. */

import { scoreCliff } from "@precipice/probe";
import { Pool, rankPool, selectRank } from "@precipice/select";
import {
  bootstrap,
  bootstrapCrossed,
  bootstrapMean,
  bootstrapPairedDifference,
  type Estimate,
  meanNormal,
  pairedRateDifference,
  rateDifference,
  wilson,
} from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { plateauRows, summaryRows } from "../../packages/probe/src/cliff-tables.ts";
import { interval } from "../../packages/report/src/format.ts";
import { renderReport } from "../../packages/report/src/page.ts";
import { seriesOf } from "../../packages/report/src/series.ts";
import { cellText } from "../../packages/report/src/tables-markdown.ts";
import { smallRun } from "../../packages/report/src/testing/small-run.ts";
import { runStage } from "../support/run-stage.ts";

const seed = 1;
const mean = (rows: ArrayLike<number>) => Array.from(rows).reduce((a, b) => a + b, 0) / rows.length;

describe("estimates of too little", () => {
  it.each<[name: string, estimate: Estimate, value: number]>([
    ["meanNormal of one", meanNormal([0.3]), 0.3],
    ["meanNormal of none", meanNormal([]), Number.NaN],
    ["bootstrapMean of one", bootstrapMean([0.3], { seed }), 0.3],
    ["bootstrapMean of none", bootstrapMean([], { seed }), Number.NaN],
    ["bootstrapMean of one group", bootstrapMean([0.2, 0.4], { seed, groups: ["a", "a"] }), 0.30000000000000004],
    ["bootstrap of one", bootstrap(1, mean, { seed }), 0],
    ["bootstrap of what is never finite", bootstrap(4, () => Number.NaN, { seed }), Number.NaN],
    ["bootstrapPairedDifference of one pair", bootstrapPairedDifference([0.5], [0.25], { seed }), -0.25],
    ["bootstrapCrossed of one row", bootstrapCrossed([{ row: "a", draw: 0, value: 1 }], { seed }), 1],
    ["bootstrapCrossed of none", bootstrapCrossed([], { seed }), Number.NaN],
    ["meanNormal with a value that is not finite", meanNormal([1, Number.NaN, 2]), Number.NaN],
  ])("%s have no interval", (_, { value, lo, hi }, expected) => {
    expect([value, lo, hi]).toEqual([expected, null, null]);
  });

  it.each<[name: string, estimate: Estimate]>([
    ["wilson, 1 of 1", wilson(1, 1)],
    ["wilson, 0 of 0", wilson(0, 0)],
    ["rateDifference of 1 and 1", rateDifference({ successes: 0, n: 1 }, { successes: 1, n: 1 })],
    ["pairedRateDifference of one pair", pairedRateDifference({ both: 0, gained: 1, lost: 0, neither: 0 })],
    ["meanNormal of two", meanNormal([0.2, 0.4])],
    ["bootstrapMean of two", bootstrapMean([0.2, 0.4], { seed })],
  ])("%s have a finite one", (_, { lo, hi }) => {
    expect([lo, hi].every(Number.isFinite)).toBe(true);
  });
});

describe("cliff.score", () => {
  const trace = (id: string, top: number, group?: string) => ({
    id,
    scores: [0.1, top, top, top, 0.2],
    spans: { thinkingStart: 1, thinkingEnd: 3, responseStart: 5 },
    group,
  });
  const scored = (traces: ReadonlyArray<ReturnType<typeof trace>>) => {
    const result = scoreCliff(traces, { seed });
    const plateaus = plateauRows("s", traces, result.traces);
    return { result, summary: summaryRows("s", traces, result, plateaus, [], seed) };
  };

  it("of one prompt has means without intervals, whatever is stored", () => {
    for (const traces of [[trace("a", 0.9)], [trace("a", 0.9, "p"), trace("b", 0.7, "p")]]) {
      const { result, summary } = scored(traces);
      for (const { lo, hi } of [result.plateau, result.final, result.cliff, ...summary])
        expect([lo, hi]).toEqual([null, null]);
      expect(result.curves.filter(({ n }) => n === 1).every(({ lo, hi }) => lo === null && hi === null)).toBe(true);
    }
  });

  it("stores the interval of its metrics, also beside the estimator that made them", () => {
    const { result, summary } = scored([trace("a", 0.9), trace("b", 0.7), trace("c", 0.5), trace("d", 0.95)]);
    const part = (name: string) => {
      const { site: _, part: __, ...estimate } = summary.find((row) => row.part === name) ?? { site: "", part: "" };
      return estimate;
    };
    expect(part("plateau")).toEqual(result.plateau);
    expect(part("final")).toEqual(result.final);
    expect(part("cliff")).toEqual(result.cliff);
    expect(part("plateau.top-quartile")).toEqual(result.plateau);
    expect(part("cliff.top-quartile")).toEqual(result.cliff);
  });
});

describe("the report", () => {
  it("shows the stored interval and makes none of its own", () => {
    const [, cliff] = seriesOf(smallRun);
    expect(cliff?.levels?.final).toMatchObject({ lo: expect.closeTo(0.06, 9), hi: expect.closeTo(0.14, 9) });
    const bare = { ...smallRun, scores: (smallRun.scores ?? []).map(({ summary: _, ...rest }) => rest) };
    expect(seriesOf(bare)[1]?.levels?.final).toMatchObject({ value: expect.closeTo(0.1, 9), lo: null, hi: null });
    expect(renderReport(bare).replace(/<script[\s\S]*?<\/script>/g, "")).not.toContain("NaN");
  });

  it.each<[lo: number | null, hi: number | null, shown: string]>([
    [0.9875, 1, "[0.98, 1.00]"],
    [0, 0.0209, "[0.00, 0.03]"],
    [0.2365, 0.3572, "[0.23, 0.36]"],
    [-0.2365, -0.004, "[−0.24, 0.00]"],
    [0.1 + 0.2, 0.3, "[0.30, 0.30]"],
    [0.29, 0.57, "[0.29, 0.57]"],
    [Number.NaN, Number.NaN, ""],
    [null, null, ""],
    [0.5, Number.POSITIVE_INFINITY, ""],
  ])("writes %d to %d as %s", (lo, hi, shown) => expect(interval(lo, hi)).toBe(shown));

  it.each([
    ["score", 1, 0.9875, 1, "1.00 [0.98, 1.00], n 9"],
    ["percent", 0, 0, 0.0209, "0\u202f% [0\u202f%, 2.1\u202f%], n 9"],
    ["number", 0.0123456, 0.0123456, 0.0987654, "0.0123 [0.0123, 0.0988], n 9"],
    ["number", 1234.4, 1200.6, 1300.2, "1234 [1200, 1301], n 9"],
    ["score", 0.5, Number.NaN, Number.NaN, "0.50, n 9"],
  ] as const)("fills a table's %s cell outwards: %d in %d to %d", (format, value, lo, hi, shown) => {
    const metric = { key: "k", node: "x", value, lo, hi, n: 9 };
    expect(cellText({ kind: "measured", metric, format })).toBe(shown);
  });
});

describe("select.rank", () => {
  const score = (i: number, label: "harmful" | "harmless" = "harmful") => ({
    ...{ trace_id: `t${i}`, prompt_id: `p${i}`, label, family: null, site: "s" },
    ...{ plateau: 0.9, final: 0.1, cliff: 0.8 - i / 1000, fall_index: null, fall_token: null, n_tokens: 9 },
  });
  const pool = (harmful: number, harmless: number) => ({
    traces: [
      ...Array.from({ length: harmful }, (_, i) => score(i)),
      ...Array.from({ length: harmless }, (_, i) => score(harmful + i, "harmless")),
    ],
    tokens: [],
    curves: [],
  });
  const rank = async (config: object, harmful: number, harmless = 0) => {
    const { outputs, logs } = await runStage(selectRank, config, { scores: pool(harmful, harmless) });
    const rows = outputs["selection"]?.["selection"] as unknown as ReadonlyArray<{
      selected: boolean;
      in_pool: boolean;
    }>;
    const metrics = outputs["metrics"]?.["metrics"] as unknown as ReadonlyArray<{ key: string; value: number }>;
    return { rows, logs, metrics, warnings: logs.filter((line) => line.startsWith("warning")) };
  };

  it("says that its default takes one row, and of which pool", async () => {
    const { rows, logs, metrics, warnings } = await rank({ label: "harmful" }, 30, 30);
    expect(rows.filter(({ selected }) => selected)).toHaveLength(1);
    expect(rows.filter(({ in_pool }) => in_pool)).toHaveLength(30);
    expect(metrics.find(({ key }) => key.endsWith("pool_rows"))?.value).toBe(30);
    expect(metrics.find(({ key }) => key.endsWith("mean_score"))).toMatchObject({ lo: null, hi: null, n: 1 });
    expect(logs[0]).toBe(
      "selected 1 of the 30 rows of the pool by misalignment; skipped: 0 duplicates, 0 without what the method needs, 30 with another label",
    );
    expect(warnings).toEqual([
      "warning: a budget of 1.7 % (the default) of 30 rows is 1 row; set count or a larger fraction to take more",
    ]);
  });

  it.each<[config: object, warned: RegExp | null]>([
    [{ fraction: 0.1 }, /a budget of 10 % of 30 rows is 3 rows/],
    [{ tokens: 20 }, /a budget of 20 tokens is 2 rows/],
    [{ count: 1 }, null],
    [{ count: 50 }, /count is 50, and only 30 of the 30 rows of the pool can be taken/],
    [{ fraction: 0.5 }, null],
    [{ method: "full" }, null],
  ])("with %j warns: %s", async (config, warned) => {
    const { warnings } = await rank(config, 30);
    expect(warnings).toEqual(warned === null ? [] : [expect.stringMatching(warned)]);
  });

  it("gives the report the pool that its budget is a share of", () => {
    const [first] = smallRun.selections ?? [];
    const rows = (first?.rows ?? []).map((row, i) => ({ ...row, selected: i < 1, in_pool: i < 10 }));
    const page = renderReport({ title: "t", selections: [{ node: "select_cliff", rows }] });
    expect(page).toContain("10\u202f% of the pool");
    expect(rankPool(poolOf(3), {}).distinct).toBe(3);
  });

  const poolOf = (size: number) => {
    const made = new Pool();
    for (let i = 0; i < size; i++) made.add({ id: `${i}`, misalignment: 0.5 });
    return made;
  };
});
