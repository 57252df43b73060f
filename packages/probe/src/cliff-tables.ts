/** Plateaus by every estimator, falls, and their means: the tables of `scores` that go beyond one number per trace. */
import type { Fall, Scores, Trace } from "@precipice/artifacts";
import { bootstrapMean, type Estimate, wilson } from "@precipice/stats";
import type { Cliff, ScoredTrace } from "./cliff.ts";
import { plateauEstimators, plateauOf } from "./plateau.ts";
import { type CliffScores, groupsOf } from "./score-cliff.ts";
import { finalIndex, regionOf } from "./spans.ts";

type Plateau = typeof Scores.tables.plateaus.Type;
type Summary = typeof Scores.tables.summary.Type;

/** Plateau and cliff of each trace by each estimator. */
export const plateauRows = (
  site: string,
  scored: ReadonlyArray<ScoredTrace>,
  cliffs: ReadonlyArray<Cliff>,
  { lastK }: { readonly lastK?: number } = {},
): ReadonlyArray<Plateau> =>
  scored.flatMap(({ id, scores, spans }, i) => {
    const thinking = Array.from(
      { length: spans.thinkingEnd - spans.thinkingStart },
      (_, t) => scores[spans.thinkingStart + t] as number,
    );
    const final = cliffs[i]?.final ?? null;
    return plateauEstimators.map((estimator) => {
      const plateau = plateauOf(thinking, { plateau: estimator, ...(lastK === undefined ? {} : { lastK }) });
      return {
        trace_id: id,
        site,
        estimator,
        plateau,
        cliff: plateau === null || final === null ? null : plateau - final,
      };
    });
  });

/** A row per trace that falls. */
export const fallRows = (
  site: string,
  traces: ReadonlyArray<Trace>,
  scored: ReadonlyArray<ScoredTrace>,
  cliffs: ReadonlyArray<Cliff>,
): ReadonlyArray<Fall> =>
  cliffs.flatMap(({ id, fallIndex: index, fall }, i) => {
    const { spans } = scored[i] as ScoredTrace;
    const final = finalIndex(spans);
    if (index === null || fall === null || final === null) return [];
    const span = final - spans.thinkingStart;
    return [
      {
        trace_id: id,
        site,
        index,
        token: traces[i]?.tokens[index] ?? "",
        // a fall lies after a thinking token and not after the final one
        region: regionOf(spans, index) === "thinking" ? ("thinking" as const) : ("template" as const),
        before_final: final - index,
        normalised: (index - spans.thinkingStart) / span,
        ...fall,
      },
    ];
  });

/**
 * Means over traces with 95 % intervals, `plateau`, `final` and `cliff` as they are in `result`; a mean over nothing is left out,
 * its n would be 0. One number has one interval: what is drawn for an estimator depends on its part alone.
 */
export const summaryRows = (
  site: string,
  scored: ReadonlyArray<ScoredTrace>,
  result: CliffScores,
  plateaus: ReadonlyArray<Plateau>,
  falls: ReadonlyArray<Fall>,
  seed: number | string,
): ReadonlyArray<Summary> => {
  const groups = groupsOf(scored);
  const cliffs = result.traces;
  const complete = new Set(cliffs.filter(({ cliff }) => cliff !== null).map(({ id }) => id));
  const own = plateaus.filter((row) => complete.has(row.trace_id));
  const row = (part: string, estimate: Estimate) => ({ site, part, ...estimate });
  const meanOf = <A extends { readonly trace_id: string }>(
    part: string,
    rows: ReadonlyArray<A>,
    read: (row: A) => number,
    stream = part,
  ) =>
    rows.length === 0
      ? []
      : [
          row(
            part,
            bootstrapMean(rows.map(read), { seed: `${seed}/${stream}`, ...groups(rows.map((one) => one.trace_id)) }),
          ),
        ];
  return [
    ...(complete.size === 0 ? [] : (["plateau", "final", "cliff"] as const).map((part) => row(part, result[part]))),
    ...plateauEstimators.flatMap((estimator) =>
      (["plateau", "cliff"] as const).flatMap((part) =>
        meanOf(
          `${part}.${estimator}`,
          own.filter((one) => one.estimator === estimator),
          (one) => one[part] as number,
          part,
        ),
      ),
    ),
    ...meanOf("fall.width", falls, ({ width }) => width),
    ...meanOf("fall.before_final", falls, ({ before_final }) => before_final),
    ...meanOf("fall.normalised", falls, ({ normalised }) => normalised),
    ...(falls.length === 0
      ? []
      : [row("fall.in_template", wilson(falls.filter(({ region }) => region === "template").length, falls.length))]),
  ];
};
