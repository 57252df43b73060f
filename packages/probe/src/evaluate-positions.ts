/**
 * Is a probe valid where it was not trained? Its quality on traces with a known outcome, at every position: named ones, counted
 * from either end of the thinking, and along its normalised length.
 */
import type { PositionQuality } from "@precipice/artifacts";
import type { ScoredTrace } from "./cliff.ts";
import { alignedScores, alignments } from "./curves.ts";
import { type Quality, qualityMetrics, qualityOf } from "./quality.ts";
import { finalIndex, type Spans } from "./spans.ts";

export interface Labelled extends ScoredTrace {
  readonly label: 0 | 1;
  /** Traces of one group are resampled together. */
  readonly group: string;
}

export interface EvaluateOptions {
  readonly seed: number | string;
  /** Positions counted from an end of the thinking go this far. */
  readonly reach: number;
  /** Steps of the normalised length. */
  readonly steps: number;
  /** Resamples of each interval. */
  readonly draws: number;
}

/** Positions of a trace that have a name and one token. */
const named: Readonly<Record<string, (spans: Spans) => number | null>> = {
  "prompt.last": ({ thinkingStart }) => thinkingStart - 1,
  "thinking.last": ({ thinkingStart, thinkingEnd }) => (thinkingEnd > thinkingStart ? thinkingEnd - 1 : null),
  final: finalIndex,
  "response.first": ({ responseStart }) => responseStart,
};

interface Point {
  readonly row: number;
  readonly score: number;
}

/** Quality at each position that any trace has; AUROC is null where a class is missing there. */
export const evaluatePositions = (
  traces: ReadonlyArray<Labelled>,
  { seed, reach, steps, draws }: EvaluateOptions,
): ReadonlyArray<Omit<PositionQuality, "site" | "trained_at">> => {
  const places = new Map<string, { alignment: PositionQuality["alignment"]; position: string; points: Point[] }>();
  const add = (alignment: PositionQuality["alignment"], position: string, point: Point) => {
    const key = `${alignment}/${position}`;
    const place = places.get(key) ?? { alignment, position, points: [] };
    place.points.push(point);
    places.set(key, place);
  };
  for (const [name, indexOf] of Object.entries(named)) {
    for (const [row, { scores, spans }] of traces.entries()) {
      const at = indexOf(spans);
      if (at !== null && at >= 0 && at < scores.length) add("named", name, { row, score: scores[at] as number });
    }
  }
  const byEnd = [...alignedScores(traces, steps)].filter(
    ({ alignment, position }) => alignment === "normalised" || Math.abs(position) <= reach,
  );
  for (const alignment of alignments) {
    const own = byEnd.filter((point) => point.alignment === alignment).sort((a, b) => a.position - b.position);
    for (const { position, row, score } of own) add(alignment, String(position), { row, score });
  }
  return [...places.values()].flatMap(({ alignment, position, points }) => {
    const { quality, nPositive } = qualityAt(traces, points, `${seed}/${alignment}/${position}`, draws);
    return qualityMetrics.map((metric) => {
      const { value, lo, hi, n } = quality[metric];
      return {
        alignment,
        position,
        metric,
        value: Number.isNaN(value) ? null : value,
        lo,
        hi,
        n,
        n_positive: nPositive,
      };
    });
  });
};

const qualityAt = (
  traces: ReadonlyArray<Labelled>,
  points: ReadonlyArray<Point>,
  seed: string,
  draws: number,
): { readonly quality: Quality; readonly nPositive: number } => {
  const of = ({ row }: Point) => traces[row] as Labelled;
  const y = Uint8Array.from(points, (point) => of(point).label);
  const scores = Float64Array.from(points, ({ score }) => score);
  const groups = points.map((point) => of(point).group);
  return {
    quality: qualityOf(scores, y, groups, { seed, draws }),
    nPositive: y.reduce((sum, label) => sum + label, 0),
  };
};
