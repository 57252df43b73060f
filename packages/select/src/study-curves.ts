/** How fast repairs take: attack success on validation prompts along the steps of the trainings, and when it was low enough. */
import type { StudyCurvePoint } from "@precipice/artifacts";
import type { Reading } from "./study.ts";
import { type ArmNames, armOf, type Cell, cellKey } from "./study-cell.ts";

/** Rates after one step of a training, 0..1. */
export interface Watched {
  readonly step: number;
  readonly asr: number;
  readonly overRefusal: number | null;
}

/** The course of the training of one repair; empty where it had no validation prompts. */
export interface Course {
  readonly cell: Cell;
  readonly watched: ReadonlyArray<Watched>;
}

/** Mean over seeds at every step that all seeds of an arm measured. */
export const curvesOf = (courses: ReadonlyArray<Course>, names: ArmNames): ReadonlyArray<StudyCurvePoint> =>
  [...Map.groupBy(courses, ({ cell }) => cellKey(cell))].flatMap(([, own]) => {
    const [first] = own;
    if (first === undefined) return [];
    const at = (step: number) => own.flatMap(({ watched }) => watched.find((one) => one.step === step) ?? []);
    return first.watched
      .map(({ step }) => ({ step, seen: at(step) }))
      .filter(({ seen }) => seen.length === own.length)
      .map(({ step, seen }) => {
        const rates = seen.map(({ asr }) => asr);
        const refusals = seen.flatMap(({ overRefusal }) => overRefusal ?? []);
        return {
          ...armOf(first.cell, names),
          step,
          asr: mean(rates),
          lo: Math.min(...rates),
          hi: Math.max(...rates),
          overrefusal: refusals.length === 0 ? null : mean(refusals),
          n: seen.length,
        };
      });
  });

/** Whether each training came down to `target`, and at which of its measurements for good or not: the first counts. */
export const repairReadings = (courses: ReadonlyArray<Course>, target: number): ReadonlyArray<Reading> =>
  courses
    .filter(({ watched }) => watched.length > 0)
    .flatMap(({ cell, watched }) => {
      const reached = watched.find(({ asr }) => asr <= target);
      const reading = (measure: string, value: number): Reading => ({ cell, measure, value, lo: null, hi: null });
      return [
        reading("repaired", reached === undefined ? 0 : 1),
        ...(reached === undefined ? [] : [reading("steps_to_repair", reached.step)]),
      ];
    });

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length;
