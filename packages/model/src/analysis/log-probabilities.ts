/** Log-probabilities of every next token of given text, teacher-forced: what divergences and cross-entropies are made from. */
import { floats } from "@precipice/onnx";
import type { AnalysisRun, Analyzer } from "./analyzer.ts";

export interface TextRun extends Pick<AnalysisRun, "feeds" | "batchFeeds" | "signal"> {
  readonly rows: ReadonlyArray<ReadonlyArray<number>>;
  /** Per row the first token that is predicted, at least 1. */
  readonly from: ReadonlyArray<number>;
}

/**
 * Calls `use` with `log p [vocab]` of token `from[row] + k` of a row, given those before it, for every such token. The array is
 * the same one each time. The analyzer's program must have logits.
 */
export const logProbabilities = async (
  analyzer: Analyzer,
  vocab: number,
  { rows, from, ...run }: TextRun,
  use: (row: number, k: number, logP: Float64Array) => void,
): Promise<void> => {
  const logP = new Float64Array(vocab);
  const batches = analyzer.run({
    ...run,
    rows,
    captureAt: (row) => {
      const first = from[row] as number;
      return Array.from({ length: (rows[row]?.length ?? 0) - first }, (_, k) => first + k - 1);
    },
  });
  for await (const { captured, outputs } of batches) {
    const logits = floats(outputs["logits"]); // [capture, vocab]
    captured.forEach(({ row, token }, i) => {
      logSoftmax(logits.subarray(i * vocab, (i + 1) * vocab), logP);
      use(row, token + 1 - (from[row] as number), logP);
    });
  }
};

/** log p of one token's logits `[vocab]`, written to `into`. */
const logSoftmax = (logits: Float32Array, into: Float64Array): void => {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of logits) largest = Math.max(largest, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - largest);
  const shift = largest + Math.log(sum);
  for (let i = 0; i < logits.length; i++) into[i] = (logits[i] as number) - shift;
};

/** KL(p ‖ q) in nats of two distributions given as log-probabilities `[vocab]`. */
export const divergence = (p: Float64Array, q: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += Math.exp(p[i] as number) * ((p[i] as number) - (q[i] as number));
  return sum;
};

/** Rows in order, in groups of at most `most` predicted tokens, or one row: what may be held at once. */
export const groupsWithin = (counts: ReadonlyArray<number>, most: number): ReadonlyArray<ReadonlyArray<number>> => {
  const groups: number[][] = [];
  let size = Number.POSITIVE_INFINITY;
  counts.forEach((count, row) => {
    if (size + count > most) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(row);
    size += count;
  });
  return groups;
};
