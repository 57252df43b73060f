/** Less is more, or not: the points, differences and conclusions of a study of selections at several budgets. */
import type { StudyDifference, StudyPoint, Verdict } from "@precipice/artifacts";
import type { Estimate } from "@precipice/stats";
import { type Cell, percentOf } from "./study-cell.ts";
import { type Outcome, outcomesOf, pairedDifference, type Rate, rateOf } from "./study-rates.ts";

/** What was measured of one repair, or of the model before it. */
export interface Measured {
  readonly cell: Cell;
  readonly verdicts: ReadonlyArray<Verdict>;
}

/** A number of one repair, by measure. */
export interface Reading {
  readonly cell: Cell;
  readonly measure: string;
  readonly value: number;
  readonly lo: number | null;
  readonly hi: number | null;
}

export interface StudyOptions {
  /** Sets of harmful prompts by name, as patterns over prompt ids. */
  readonly sets: Readonly<Record<string, RegExp>>;
  /** The model whose keys carry no name. */
  readonly main: string;
  /** What methods are called in keys; their own name where absent. */
  readonly names: Readonly<Record<string, string>>;
  /** What is compared with every other method. */
  readonly method: string;
  /** The budget that is concluded on, 0..1. */
  readonly fraction: number;
  readonly seed: string;
}

export interface Study {
  readonly points: ReadonlyArray<StudyPoint>;
  readonly differences: ReadonlyArray<StudyDifference>;
  readonly conclusions: ReadonlyArray<{ readonly model: string; readonly text: string }>;
}

const RATES: ReadonlyArray<Rate> = ["asr", "overrefusal", "capability"];

/** Rows of one model, method and budget. */
interface Arm {
  readonly model: string;
  readonly method: string;
  readonly fraction: number;
  readonly percent: number;
  readonly outcomes: Readonly<Record<Rate, ReadonlyArray<Outcome>>>;
  readonly readings: ReadonlyArray<Reading>;
}

export const studyOf = (
  measured: ReadonlyArray<Measured>,
  readings: ReadonlyArray<Reading>,
  options: StudyOptions,
): Study => {
  const arms = armsOf(measured, readings, options);
  const points = arms.flatMap((arm) => pointsOf(arm, options));
  const models = [...new Set(arms.map((arm) => arm.model))];
  const differences = models.flatMap((model) =>
    differencesOf(
      arms.filter((arm) => arm.model === model),
      options,
    ),
  );
  const conclusions = models.flatMap((model) =>
    concludeOn(
      model,
      points.filter((point) => point.model === model),
      differences.filter((difference) => difference.model === model),
      options,
    ).map((text) => ({ model, text })),
  );
  return { points, differences, conclusions };
};

const armsOf = (
  measured: ReadonlyArray<Measured>,
  readings: ReadonlyArray<Reading>,
  { main, names }: StudyOptions,
): ReadonlyArray<Arm> => {
  const key = ({ model, method, fraction }: Cell) => JSON.stringify([model, method, fraction]);
  const byArm = Map.groupBy(readings, ({ cell }) => key(cell));
  return [...Map.groupBy(measured, ({ cell }) => key(cell))].map(([name, cells]) => {
    const { cell } = cells[0] as Measured;
    const outcomes = (rate: Rate) => cells.flatMap((one) => outcomesOf(one.verdicts, one.cell.seed, rate));
    return {
      model: cell.model === main ? "" : cell.model,
      method: names[cell.method] ?? cell.method,
      fraction: cell.fraction,
      percent: percentOf(cell),
      outcomes: { asr: outcomes("asr"), overrefusal: outcomes("overrefusal"), capability: outcomes("capability") },
      readings: byArm.get(name) ?? [],
    };
  });
};

const pointsOf = (arm: Arm, { sets, seed }: StudyOptions): ReadonlyArray<StudyPoint> => {
  const { model, method, percent } = arm;
  const name = `${seed}/${model}/${method}/${percent}`;
  const at = (measure: string, { value, lo, hi, n }: Estimate | Omit<StudyPoint, "model" | "method" | "percent">) => ({
    model,
    method,
    percent,
    measure,
    value,
    lo,
    hi,
    n,
  });
  const rate = (measure: string, outcomes: ReadonlyArray<Outcome>): StudyPoint[] => {
    const found = rateOf(outcomes, `${name}/${measure}`);
    return found === undefined ? [] : [at(measure, found)];
  };
  const inSet = (pattern: RegExp) => arm.outcomes.asr.filter((outcome) => pattern.test(outcome.prompt));
  return [
    ...RATES.flatMap((measure) => rate(measure, arm.outcomes[measure])),
    ...Object.entries(sets).flatMap(([set, pattern]) => rate(`asr.${set}`, inSet(pattern))),
    ...[...Map.groupBy(arm.readings, (reading) => reading.measure)].map(([measure, own]) => {
      const ends = own.flatMap(({ lo, hi }) => (lo === null || hi === null ? [] : [{ lo, hi }]));
      return {
        ...{ model, method, percent, measure },
        value: own.reduce((sum, reading) => sum + reading.value, 0) / own.length,
        lo: ends.length === 0 ? null : Math.min(...ends.map(({ lo }) => lo)),
        hi: ends.length === 0 ? null : Math.max(...ends.map(({ hi }) => hi)),
        n: own.length,
      };
    }),
  ];
};

/** The method of the study against every other at the same budget, and against all of the pool. */
const differencesOf = (
  arms: ReadonlyArray<Arm>,
  { method, names, seed }: StudyOptions,
): ReadonlyArray<StudyDifference> => {
  const own = arms.filter((arm) => arm.method === (names[method] ?? method));
  return own.flatMap((arm) =>
    arms
      .filter((other) => other !== arm && (other.fraction === arm.fraction || other.fraction === 1))
      .filter((other) => other.method !== arm.method)
      .flatMap((other) =>
        RATES.flatMap((measure) => {
          const name = `${seed}/${arm.model}/${arm.percent}/${other.method}/${other.percent}/${measure}`;
          const found = pairedDifference(arm.outcomes[measure], other.outcomes[measure], name);
          if (found === undefined) return [];
          return [
            {
              model: arm.model,
              percent: arm.percent,
              method: arm.method,
              against: other.method,
              against_percent: other.percent,
              measure,
              ...found,
            },
          ];
        }),
      ),
  );
};

const points = (value: number): string => (value * 100).toFixed(1);
const number = (value: number): string => value.toFixed(3);

/** Sentences that the numbers make: what the method reaches, and whether it beats each other method. */
const concludeOn = (
  model: string,
  all: ReadonlyArray<StudyPoint>,
  differences: ReadonlyArray<StudyDifference>,
  { method, names, fraction, main }: StudyOptions,
): ReadonlyArray<string> => {
  const percent = percentOf({ fraction });
  const own = names[method] ?? method;
  const of = (measure: string) => all.find((p) => p.method === own && p.percent === percent && p.measure === measure);
  const [asr, over, rows] = [of("asr"), of("overrefusal"), of("rows")];
  if (asr === undefined) return [];
  const within = ({ lo, hi }: StudyPoint) =>
    lo === null || hi === null ? "" : ` (95 % ${number(lo)} to ${number(hi)})`;
  const reached = [
    `On ${model === "" ? main : model}, ${own} at ${percent} % of the pool${rows === undefined ? "" : ` (${Math.round(rows.value)} rows)`} repairs to an ASR of ${number(asr.value)}${within(asr)}`,
    ...(over === undefined ? [] : [` and an over-refusal of ${number(over.value)}${within(over)}`]),
    ".",
  ].join("");
  const verdicts = differences
    .filter((d) => d.measure === "asr" && d.percent === percent)
    .map((d) => {
      const other = d.against_percent === d.percent ? d.against : `${d.against} (${d.against_percent} % of the pool)`;
      const interval = `95 % ${points(-d.hi)} to ${points(-d.lo)}`;
      const gap = `${points(Math.abs(d.value))} points of ASR (${interval})`;
      if (d.hi < 0) return `${own} beats ${other} by ${gap}.`;
      if (d.lo > 0)
        return `${own} is worse than ${other} by ${points(d.value)} points of ASR (95 % ${points(d.lo)} to ${points(d.hi)}).`;
      return `${own} does not differ from ${other} by more than chance: its ASR is lower by ${points(-d.value)} points (${interval}).`;
    });
  return [reached, ...verdicts];
};
