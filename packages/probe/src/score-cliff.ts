/** Cliffs of many traces: per trace, as mean curves, and in sum. */
import { bootstrapMean, type Estimate } from "@precipice/stats";
import { type Cliff, cliffOf, type ScoredTrace } from "./cliff.ts";
import { type CurveOptions, type CurvePosition, meanCurves } from "./curves.ts";
import type { PlateauOptions } from "./plateau.ts";

export interface CliffScores {
  /** In the order of the traces. */
  readonly traces: readonly Cliff[];
  readonly curves: readonly CurvePosition[];
  /** Means over the traces that have a cliff, 95 % bootstrap intervals; value NaN when none has. */
  readonly plateau: Estimate;
  readonly final: Estimate;
  readonly cliff: Estimate;
  /** Traces left out of the means: no thinking, or no close marker. */
  readonly missing: number;
}

/**
 * Throws a ProbeInputError when a trace's spans and scores do not fit together.
 *
 * @example
 * const { cliff, curves } = scoreCliff([
 *   { id: "t1", scores: [0.1, 0.9, 0.95, 0.9, 0.1], spans: { thinkingStart: 1, thinkingEnd: 4, responseStart: 5 } },
 * ]);
 */
export const scoreCliff = (
  traces: readonly ScoredTrace[],
  options: PlateauOptions & CurveOptions = {},
): CliffScores => {
  const cliffs = traces.map((trace) => cliffOf(trace, options));
  const complete = cliffs.filter((cliff) => cliff.cliff !== null);
  const groups = groupsOf(traces);
  const summary = (part: "plateau" | "final" | "cliff"): Estimate =>
    bootstrapMean(
      complete.map((cliff) => cliff[part] as number),
      { seed: `${options.seed ?? 0}/${part}`, ...groups(complete.map(({ id }) => id)) },
    );
  return {
    traces: cliffs,
    curves: meanCurves(traces, options),
    plateau: summary("plateau"),
    final: summary("final"),
    cliff: summary("cliff"),
    missing: cliffs.length - complete.length,
  };
};

/** The option `groups` of a bootstrap over traces of these ids; none where every trace is alone, which is drawn faster. */
export const groupsOf = (
  traces: ReadonlyArray<Pick<ScoredTrace, "id" | "group">>,
): ((ids: ReadonlyArray<string>) => { readonly groups?: ReadonlyArray<string> }) => {
  const groupOf = new Map(traces.map(({ id, group }) => [id, group ?? id]));
  const repeated = new Set(groupOf.values()).size < groupOf.size;
  return (ids) => (repeated ? { groups: ids.map((id) => groupOf.get(id) ?? id) } : {});
};
