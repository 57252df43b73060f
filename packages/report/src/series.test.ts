import { expect, it } from "vitest";
import type { ReportData } from "./data.ts";
import { seriesOf, steepest } from "./series.ts";
import { smallRun } from "./testing/small-run.ts";

it("lets no site be told of for falling deepest, where training selected another", () => {
  const [first] = smallRun.scores ?? [];
  if (first === undefined) throw new Error("the small run has scores");
  const levels = (site: string, cliff: number) =>
    first.traces.map((row) => ({ ...row, site, plateau: 0.9, final: 0.9 - cliff, cliff }));
  const data = (site: string | undefined): ReportData => ({
    title: "t",
    scores: [
      { ...first, site, tokens: [], curves: [], traces: [...levels("blocks.0", 0.2), ...levels("blocks.1", 0.7)] },
    ],
  });
  expect(steepest(seriesOf(data("blocks.0")))?.site).toBe("blocks.0");
  expect(steepest(seriesOf(data(undefined)))?.site).toBe("blocks.1");
  expect(steepest(seriesOf(data("blocks.9")))?.site).toBe("blocks.1");
});
