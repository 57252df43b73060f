/** Do probabilities mean what they say? */

export interface CalibrationBin {
  /** Bounds of the bin, [lo, hi). */
  readonly lo: number;
  readonly hi: number;
  readonly n: number;
  /** Mean predicted probability and observed rate of class 1; NaN in an empty bin. */
  readonly predicted: number;
  readonly observed: number;
}

/** Equal-width bins of [0, 1]; 1 itself falls into the last. Throws a RangeError on a value outside. */
export const calibrationBins = (
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  bins = 10,
): CalibrationBin[] => {
  if (probabilities.length !== labels.length) {
    throw new RangeError(`${probabilities.length} probabilities for ${labels.length} labels`);
  }
  const counts = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const observed = new Float64Array(bins);
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i] as number;
    if (!(p >= 0 && p <= 1)) throw new RangeError(`row ${i}: ${p} is not a probability`);
    const bin = Math.min(bins - 1, Math.floor(p * bins));
    counts[bin] = (counts[bin] as number) + 1;
    predicted[bin] = (predicted[bin] as number) + p;
    observed[bin] = (observed[bin] as number) + (labels[i] as number);
  }
  return Array.from(counts, (n, bin) => ({
    lo: bin / bins,
    hi: (bin + 1) / bins,
    n,
    predicted: (predicted[bin] as number) / n,
    observed: (observed[bin] as number) / n,
  }));
};

/**
 * Expected calibration error of the probability of class 1: Σ (n_bin / n)·|observed − predicted|
 * over equal-width bins (Naeini et al. 2015, binary form). Empty input: NaN.
 */
export const expectedCalibrationError = (
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  bins = 10,
): number =>
  calibrationBins(probabilities, labels, bins).reduce(
    (sum, bin) => (bin.n === 0 ? sum : sum + bin.n * Math.abs(bin.observed - bin.predicted)),
    0,
  ) / probabilities.length;
