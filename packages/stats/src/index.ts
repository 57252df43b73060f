/**
 * Statistics that every stage needs and none should write for itself: seeded
 * randomness, intervals, and the scores of a binary classifier. No dependencies,
 * no input or output: typed arrays and numbers in, numbers out.
 */

export { type BootstrapOptions, bootstrap, bootstrapMean, bootstrapPairedDifference } from "./bootstrap.ts";
export { type CalibrationBin, calibrationBins, expectedCalibrationError } from "./calibration.ts";
// Scores of a binary classifier
export { accuracy, auroc } from "./classification.ts";
export { bootstrapCrossed, type Cell } from "./crossed.ts";
// Descriptions of a sample
export { mean, median, quantile, standardDeviation } from "./describe.ts";
// Intervals
export { type Estimate, meanNormal, wilson } from "./interval.ts";
export { normalCdf, normalQuantile } from "./normal.ts";
// Randomness: a seed and a name give a stream
export { type Random, random } from "./random.ts";
export { sigmoid } from "./sigmoid.ts";
export { xoshiro128ss } from "./xoshiro.ts";
