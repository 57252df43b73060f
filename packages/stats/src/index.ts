/**
 * Statistics that every stage needs and none should write for itself: seeded
 * randomness, intervals, and the scores of a binary classifier. No dependencies,
 * no input or output: typed arrays and numbers in, numbers out.
 */

export { cohenKappa, kappaOfCounts } from "./agreement.ts";
export { binomialLowerTail } from "./binomial.ts";
export { type BootstrapOptions, bootstrap, bootstrapMean, bootstrapPairedDifference } from "./bootstrap.ts";
export { type CalibrationBin, calibrationBins, expectedCalibrationError } from "./calibration.ts";
// Scores of a binary classifier
export { accuracy, auroc, type Detection, detection } from "./classification.ts";
export { bootstrapCrossed, type Cell } from "./crossed.ts";
// Descriptions of a sample
export { mean, median, quantile, standardDeviation } from "./describe.ts";
// Intervals
export { clamped, type Estimate, type Interval, meanNormal, wilson } from "./interval.ts";
export { fitIsotonic, type IsotonicFit, isotonicAt } from "./isotonic.ts";
// Tests, and what to do about many of them
export { benjaminiHochberg, holm } from "./multiple-comparisons.ts";
export { normalCdf, normalQuantile } from "./normal.ts";
export { type PairedCounts, pairedRateDifference } from "./paired-rates.ts";
export {
  mcnemarExact,
  type PermutationOptions,
  pairedPermutationTest,
  permutationP,
  permutationTest,
} from "./paired-test.ts";
export { fitPlatt, type PlattScaling } from "./platt.ts";
// Randomness: a seed and a name give a stream
export { type Random, random } from "./random.ts";
export { kendall, pearson, ranks, spearman } from "./rank-correlation.ts";
export { type Count, rateDifference } from "./rate-difference.ts";
export { sigmoid } from "./sigmoid.ts";
export { xoshiro128ss } from "./xoshiro.ts";
