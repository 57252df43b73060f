/** Plateaus by every estimator, falls, and their means: the tables of `scores` that go beyond one number per trace. */
import type { Fall, Scores, Trace } from "@precipice/artifacts";
import { bootstrapMean, type Estimate, wilson } from "@precipice/stats";
import type { Cliff, ScoredTrace } from "./cliff.ts";
import { type PlateauEstimator, plateauEstimators, plateauOf } from "./plateau.ts";
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

/** Means over traces with 95 % intervals; a mean over nothing is left out, its n would be 0. */
export const summaryRows = (
  site: string,
  plateaus: ReadonlyArray<Plateau>,
  cliffs: ReadonlyArray<Cliff>,
  falls: ReadonlyArray<Fall>,
  seed: number | string,
): ReadonlyArray<Summary> => {
  const complete = new Set(cliffs.filter(({ cliff }) => cliff !== null).map(({ id }) => id));
  const own = plateaus.filter((row) => complete.has(row.trace_id));
  const by = (estimator: PlateauEstimator, part: "plateau" | "cliff") =>
    own.filter((row) => row.estimator === estimator).map((row) => row[part] as number);
  const means: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
    ...plateauEstimators.flatMap((estimator) =>
      (["plateau", "cliff"] as const).map((part) => [`${part}.${estimator}`, by(estimator, part)] as const),
    ),
    ["final", cliffs.flatMap(({ cliff, final }) => (cliff === null || final === null ? [] : [final]))],
    ["fall.width", falls.map(({ width }) => width)],
    ["fall.before_final", falls.map(({ before_final }) => before_final)],
    ["fall.normalised", falls.map(({ normalised }) => normalised)],
  ];
  const row = (part: string, estimate: Estimate) => ({ site, part, ...estimate });
  return [
    ...means.flatMap(([part, values]) =>
      values.length === 0 ? [] : [row(part, bootstrapMean(values, { seed: `${seed}/${part}` }))],
    ),
    ...(falls.length === 0
      ? []
      : [row("fall.in_template", wilson(falls.filter(({ region }) => region === "template").length, falls.length))]),
  ];
};
