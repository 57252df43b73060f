/** The metrics of a run as a table. */
import type { Run } from "@precipice/runtime";
import { table } from "./table.ts";
import { short } from "./text.ts";

/** Lines, none without metrics. */
export function metricLines(metrics: Run.Summary["metrics"], width: number): ReadonlyArray<string> {
  const rows = Object.entries(metrics).map(([metric, { value, ci95, n }]) => ({
    metric,
    value,
    "95% CI": ci95 === undefined ? "" : `[${short(ci95[0])}, ${short(ci95[1])}]`,
    n: n ?? null,
  }));
  return table(rows, width);
}
