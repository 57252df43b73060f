/** How well scores tell two classes apart. Labels are 0 or 1; arrays must be of equal length. */

const checkLengths = (scores: ArrayLike<number>, labels: ArrayLike<number>): void => {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  }
};

/** Share of rows on the right side of the threshold; a score at the threshold counts as class 1. Empty: NaN. */
export const accuracy = (scores: ArrayLike<number>, labels: ArrayLike<number>, threshold = 0.5): number => {
  checkLengths(scores, labels);
  let right = 0;
  for (let i = 0; i < scores.length; i++) {
    if (((scores[i] as number) >= threshold ? 1 : 0) === labels[i]) right++;
  }
  return right / scores.length;
};

/**
 * Area under the ROC curve: the probability that a random positive scores above a
 * random negative, ties counting half (Mann–Whitney U / (n₁·n₀), by mid-ranks).
 * NaN when a class is missing or any score is NaN.
 */
export const auroc = (scores: ArrayLike<number>, labels: ArrayLike<number>): number => {
  checkLengths(scores, labels);
  const order = Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number),
  );
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] as number] as number;
    if (Number.isNaN(score)) return Number.NaN;
    let end = start + 1;
    while (end < order.length && scores[order[end] as number] === score) end++;
    const midRank = (start + 1 + end) / 2; // ranks start+1 … end
    for (let i = start; i < end; i++) {
      if (labels[order[i] as number] === 1) {
        positives++;
        rankSum += midRank;
      }
    }
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
};
