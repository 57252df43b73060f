/**
 * A series is one line of the curves: the scores of one node at one probe site. It keeps its colour in every chart.
 */

import type { CurvePoint, TokenScore, TraceScore } from "@precipice/artifacts";
import { bootstrapMean, type Estimate } from "@precipice/stats";
import { labelOf, type ReportData } from "./data.ts";
import { seriesColours } from "./palette.ts";

export interface Series {
  readonly node: string;
  readonly site: string;
  readonly label: string;
  /** Index of its colour, 0 to 7. */
  readonly colour: number;
  readonly curves: ReadonlyArray<CurvePoint>;
  readonly traces: ReadonlyArray<TraceScore>;
  readonly tokens: ReadonlyArray<TokenScore>;
  /** Means over the traces that have a cliff, with 95 % bootstrap intervals by prompt; null when there is none. */
  readonly levels: { readonly plateau: Estimate; readonly final: Estimate; readonly cliff: Estimate } | null;
}

/** One series per node and site in input order, as many as there are colours. */
export const seriesOf = (data: ReportData): ReadonlyArray<Series> => {
  const pairs = (data.scores ?? []).flatMap((scores) => {
    const sites = [...new Set([...scores.curves, ...scores.traces, ...scores.tokens].map((row) => row.site))];
    return sites.map((site) => ({ scores, site, sites: sites.length }));
  });
  return pairs.slice(0, seriesColours).map(({ scores, site, sites }, colour) => {
    const here = <Row extends { readonly site: string }>(rows: ReadonlyArray<Row>) =>
      rows.filter((r) => r.site === site);
    const traces = here(scores.traces);
    const name = labelOf(data, scores.node);
    return {
      node: scores.node,
      site,
      label: sites > 1 ? `${name} · ${site}` : name,
      colour,
      curves: here(scores.curves),
      traces,
      tokens: here(scores.tokens),
      levels: levelsOf(traces),
    };
  });
};

/** How many series `seriesOf` leaves out for want of colours. */
export const hiddenSeries = (data: ReportData): number =>
  Math.max(
    0,
    (data.scores ?? []).reduce(
      (sum, s) => sum + new Set([...s.curves, ...s.traces, ...s.tokens].map((r) => r.site)).size,
      0,
    ) - seriesColours,
  );

const levelsOf = (rows: ReadonlyArray<TraceScore>): Series["levels"] => {
  const whole = rows.filter((r) => [r.plateau, r.final, r.cliff].every((v) => v !== null && Number.isFinite(v)));
  if (whole.length === 0) return null;
  const groups = whole.map((r) => r.prompt_id);
  const level = (column: "plateau" | "final" | "cliff"): Estimate =>
    bootstrapMean(
      whole.map((r) => r[column] as number),
      { seed: "report", groups, method: "percentile" },
    );
  return { plateau: level("plateau"), final: level("final"), cliff: level("cliff") };
};

/** The series whose score falls most; null when none has a cliff. */
export const steepest = (series: ReadonlyArray<Series>): Series | null =>
  series
    .filter((s) => s.levels !== null)
    .reduce<Series | null>((best, s) => (best === null || cliffOf(s) > cliffOf(best) ? s : best), null);

const cliffOf = (series: Series): number => series.levels?.cliff.value ?? Number.NEGATIVE_INFINITY;
