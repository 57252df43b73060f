/** Less is more, or not: the points, differences and conclusions of a study of selections at several budgets. */
import type { StudyDifference, StudyPoint, Verdict } from "@precipice/artifacts";
import type { Estimate } from "@precipice/stats";
import { type ArmNames, armOf, type Cell, cellKey, percentOf } from "./study-cell.ts";
import { concludeOn } from "./study-conclusions.ts";
import { type ComparedRate, type Outcome, outcomesOf, pairedDifference, type Rate, rateOf } from "./study-rates.ts";

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

export interface StudyOptions extends ArmNames {
  /** Sets of harmful prompts by name, as patterns over prompt ids. */
  readonly sets: Readonly<Record<string, RegExp>>;
  /** What is compared with every other method. */
  readonly method: string;
  /** The budget that is concluded on, 0..1. */
  readonly fraction: number;
  readonly seed: string;
}

export interface Study {
  readonly points: ReadonlyArray<StudyPoint>;
  readonly differences: ReadonlyArray<StudyDifference>;
  readonly conclusions: ReadonlyArray<{ readonly model: string; readonly percent: number; readonly text: string }>;
}

const COMPARED: ReadonlyArray<ComparedRate> = ["asr", "overrefusal", "capability"];
const RATES: ReadonlyArray<Rate> = [...COMPARED, "error_rate"];

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
    ).map((text) => ({ model, percent: percentOf(options), text })),
  );
  return { points, differences, conclusions };
};

const armsOf = (
  measured: ReadonlyArray<Measured>,
  readings: ReadonlyArray<Reading>,
  options: StudyOptions,
): ReadonlyArray<Arm> => {
  const byArm = Map.groupBy(readings, ({ cell }) => cellKey(cell));
  return [...Map.groupBy(measured, ({ cell }) => cellKey(cell))].map(([name, cells]) => {
    const { cell } = cells[0] as Measured;
    const outcomes = (rate: Rate) => cells.flatMap((one) => outcomesOf(one.verdicts, one.cell.seed, rate));
    return {
      ...armOf(cell, options),
      fraction: cell.fraction,
      outcomes: {
        asr: outcomes("asr"),
        overrefusal: outcomes("overrefusal"),
        capability: outcomes("capability"),
        error_rate: outcomes("error_rate"),
      },
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
        COMPARED.flatMap((measure) => {
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
