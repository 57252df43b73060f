/** When a training has learned enough: the best of its measurements, and how many came after it. */
import type { Evaluation, Validation, ValidationRates } from "./training-options.ts";

/** What a measurement is compared by, the first number first; lower is better. */
export type Score = ReadonlyArray<number>;

/** What is measured after a step. */
export interface Measurement {
  readonly evalLoss?: number | undefined;
  readonly validation?: ValidationRates | undefined;
}

export interface EarlyStop {
  /** Score of a step's measurement; undefined where what decides was not measured after it. */
  readonly scoreOf: (measured: Measurement) => Score | undefined;
  /** Has it learned enough, the best score being `best` and `since` measurements having come after it? */
  readonly reached: (best: Score | undefined, since: number) => string | undefined;
}

/** Is `a` better than `b`? */
export const isBetter = (a: Score, b: Score | undefined): boolean => {
  if (b === undefined) return true;
  const differs = a.findIndex((value, i) => value !== b[i]);
  return differs >= 0 && (a[differs] as number) < (b[differs] as number);
};

/** What ends the training before its last step: the validation, the held-out loss, or nothing (undefined). */
export const earlyStopOf = (
  evaluation: Evaluation | undefined,
  validation: Validation | undefined,
): EarlyStop | undefined => {
  const { patience, stopAt } = validation ?? {};
  if (patience !== undefined || stopAt !== undefined) {
    return {
      scoreOf: ({ validation: rates }) => (rates === undefined ? undefined : [rates.asr, rates.overRefusal ?? 0]),
      reached: (best, since) => {
        const asr = best?.[0];
        if (asr !== undefined && stopAt !== undefined && asr <= stopAt)
          return `the attack success rate is ${asr.toFixed(3)}, at most ${stopAt}`;
        if (patience === undefined || since < patience) return undefined;
        return `${since} measurements without a lower attack success rate`;
      },
    };
  }
  const waits = evaluation?.patience;
  if (waits === undefined) return undefined;
  return {
    scoreOf: ({ evalLoss }) => (evalLoss === undefined ? undefined : [evalLoss]),
    reached: (_best, since) => (since < waits ? undefined : `${since} measurements without a lower held-out loss`),
  };
};

/** A score in words. */
export const describeScore = (score: Score): string =>
  score.length === 1 ? `held-out loss ${score[0]?.toFixed(4)}` : `attack success rate ${score[0]?.toFixed(3)}`;
