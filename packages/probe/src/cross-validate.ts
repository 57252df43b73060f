/** How well a probe does on prompts it has not seen, with intervals. */
import { accuracy, auroc, bootstrap, type Estimate, expectedCalibrationError } from "@precipice/stats";
import { checkExamples, takeRows } from "./examples.ts";
import { fitProbe, type ProbeOptions } from "./fit-probe.ts";
import { groupedFolds } from "./folds.ts";
import { probeScores } from "./probe.ts";
import { ProbeInputError } from "./probe-error.ts";

export interface CrossValidation {
  /** Held-out probability per row: from the fold's probe, which saw no row of the same group. [n] */
  readonly scores: Float64Array;
  /** At p = 0.5. */
  readonly accuracy: Estimate;
  readonly auroc: Estimate;
  /** Expected calibration error, ten bins. */
  readonly ece: Estimate;
  readonly folds: number;
}

/**
 * k-fold cross-validation with whole groups held out; scores are pooled over folds. Intervals
 * (95 %) are bootstrapped over groups, the unit that was sampled. Throws a ProbeInputError.
 */
export const crossValidate = (
  X: Float32Array | Float64Array,
  y: Uint8Array,
  groups: readonly string[],
  options: ProbeOptions & { readonly folds?: number; readonly draws?: number } = {},
): CrossValidation => {
  const { folds: wanted = 5, draws = 1000, ...fitOptions } = options;
  const seed = options.seed ?? 0;
  const examples = checkExamples(X, y);
  const fold = groupedFolds(groups, y, wanted, seed);
  const folds = Math.max(...fold) + 1;
  const scores = new Float64Array(y.length);
  for (let held = 0; held < folds; held++) {
    const inside: number[] = [];
    const outside: number[] = [];
    fold.forEach((at, row) => {
      (at === held ? inside : outside).push(row);
    });
    const training = takeRows(examples, outside);
    if (training.y.every((label) => label === training.y[0])) {
      throw new ProbeInputError(
        "too-few-groups",
        `without fold ${held} only one class is left: add prompts of the other`,
      );
    }
    const probe = fitProbe(training.X, training.y, fitOptions);
    const heldScores = probeScores(probe, takeRows(examples, inside).X);
    inside.forEach((row, i) => {
      scores[row] = heldScores[i] as number;
    });
  }

  const estimate = (name: string, metric: (scores: Float64Array, labels: Uint8Array) => number): Estimate =>
    bootstrap(
      y.length,
      (rows) =>
        metric(
          Float64Array.from(rows, (row) => scores[row] as number),
          Uint8Array.from(rows, (row) => y[row] as number),
        ),
      { seed: `${seed}/${name}`, draws, method: "percentile", groups },
    );
  return {
    scores,
    accuracy: estimate("accuracy", accuracy),
    auroc: estimate("auroc", auroc),
    ece: estimate("ece", expectedCalibrationError),
    folds,
  };
};
