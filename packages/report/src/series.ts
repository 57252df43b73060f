/**
 * A series is one line of the curves: the scores of one node at one probe site. It keeps its colour in every chart.
 */

import type { CurvePoint, ScoreSummary, TokenScore, TraceScore } from "@precipice/artifacts";
import { type Estimate, mean } from "@precipice/stats";
import { labelOf, type ReportData } from "./data.ts";
import { seriesColours } from "./palette.ts";

export interface Series {
  readonly node: string;
  readonly site: string;
  readonly label: string;
  /** The same without the site: for charts of one site. */
  readonly name: string;
  /** Index of its colour, 0 to 7. */
  readonly colour: number;
  /** Whether words may be about it: the site that training selected, or any where that is not known. */
  readonly telling: boolean;
  readonly curves: ReadonlyArray<CurvePoint>;
  readonly traces: ReadonlyArray<TraceScore>;
  /** The same by trace id. */
  readonly byTrace: ReadonlyMap<string, TraceScore>;
  readonly tokens: ReadonlyArray<TokenScore>;
  /** Means over the traces that have a cliff, with the intervals stored beside the scores; null when there is none. */
  readonly levels: { readonly plateau: Estimate; readonly final: Estimate; readonly cliff: Estimate } | null;
}

/** One series per node and site in input order; a node keeps its colour at every site, and there are eight colours. */
export const seriesOf = (data: ReportData): ReadonlyArray<Series> =>
  (data.scores ?? []).slice(0, seriesColours).flatMap((scores, colour) => {
    const curves = bySite(scores.curves);
    const traces = bySite(scores.traces);
    const tokens = bySite(scores.tokens);
    const summary = bySite(scores.summary ?? []);
    const sites = [...new Set([...curves.keys(), ...traces.keys(), ...tokens.keys()])];
    const name = labelOf(data, scores.node);
    return sites.map((site) => ({
      node: scores.node,
      site,
      name,
      label: sites.length > 1 ? `${name} · ${site}` : name,
      colour,
      telling: scores.site === undefined || scores.site === site || !sites.includes(scores.site),
      curves: curves.get(site) ?? [],
      traces: traces.get(site) ?? [],
      byTrace: new Map((traces.get(site) ?? []).map((t) => [t.trace_id, t])),
      tokens: tokens.get(site) ?? [],
      levels: levelsOf(traces.get(site) ?? [], summary.get(site) ?? []),
    }));
  });

const bySite = <Row extends { readonly site: string }>(rows: ReadonlyArray<Row>): Map<string, ReadonlyArray<Row>> =>
  Map.groupBy(rows, (row) => row.site);

/** How many score inputs `seriesOf` leaves out for want of colours. */
export const hiddenSeries = (data: ReportData): number => Math.max(0, (data.scores ?? []).length - seriesColours);

const levelsOf = (rows: ReadonlyArray<TraceScore>, summary: ReadonlyArray<ScoreSummary>): Series["levels"] => {
  const whole = rows.filter((r) => [r.plateau, r.final, r.cliff].every((v) => v !== null && Number.isFinite(v)));
  if (whole.length === 0) return null;
  const level = (column: "plateau" | "final" | "cliff"): Estimate =>
    summary.find(({ part }) => part === column) ?? {
      value: mean(whole.map((r) => r[column] as number)),
      lo: null,
      hi: null,
      n: whole.length,
    };
  return { plateau: level("plateau"), final: level("final"), cliff: level("cliff") };
};

/**
 * The series whose score falls most; null when none has a cliff. Where training selected a site, no other one is looked at: the
 * deepest fall of many sites would be picked for being deep.
 */
export const steepest = (series: ReadonlyArray<Series>): Series | null =>
  series
    .filter((s) => s.levels !== null && s.telling)
    .reduce<Series | null>((best, s) => (best === null || cliffOf(s) > cliffOf(best) ? s : best), null);

const cliffOf = (series: Series): number => series.levels?.cliff.value ?? Number.NEGATIVE_INFINITY;
