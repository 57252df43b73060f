/** What a change to a model does to text it should leave alone, teacher-forced on both: KL divergence and cross-entropy. */
import type { Checkpoint } from "../checkpoint.ts";
import { DecoderError } from "../errors.ts";
import { Analyzer, type AnalyzerOptions } from "./analyzer.ts";
import { divergence, groupsWithin, logProbabilities } from "./log-probabilities.ts";

export interface CompareTextOptions extends AnalyzerOptions {
  /** Bytes of log-probabilities held at once. Default 256 MiB. */
  readonly logitBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: ((done: number, total: number) => void) | undefined;
}

/** Nats per token, means over the predicted tokens of a row; one value per row. */
export interface TextComparison {
  /** KL(before ‖ after) of the next token. */
  readonly kl: Float64Array;
  /** Cross-entropy of the row's own tokens. */
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/**
 * Compares two models of one vocabulary on tokens `from[row]` to each row's end. Rejects with a RangeError for a row without
 * such a token or one before it, with `DecoderError` for models that do not share a vocabulary.
 */
export const compareText = async (
  before: Checkpoint,
  after: Checkpoint,
  rows: ReadonlyArray<ReadonlyArray<number>>,
  from: ReadonlyArray<number>,
  { logitBytes = 2 ** 28, signal, onRows, ...options }: CompareTextOptions = {},
): Promise<TextComparison> => {
  const { vocab } = before.config;
  if (after.config.vocab !== vocab)
    throw new DecoderError({
      what: "models",
      problem: `have vocabularies of ${vocab} and ${after.config.vocab} tokens`,
    });
  const counts = rows.map((row, i) => row.length - (from[i] as number));
  counts.forEach((count, i) => {
    if (!(count > 0 && (from[i] as number) > 0))
      throw new RangeError(`row ${i} of ${rows[i]?.length} tokens has nothing to predict from token ${from[i]} on`);
  });
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  await using old = await Analyzer.open(before, { logits: true }, { longest, ...options });
  await using now = await Analyzer.open(after, { logits: true }, { longest, ...options });
  const result = {
    kl: new Float64Array(rows.length),
    before: new Float64Array(rows.length),
    after: new Float64Array(rows.length),
  };
  let done = 0;
  for (const group of groupsWithin(counts, Math.max(1, Math.floor(logitBytes / (8 * vocab))))) {
    const run = {
      rows: group.map((row) => rows[row] as ReadonlyArray<number>),
      from: group.map((row) => from[row] as number),
      signal,
    };
    const kept = group.map((row) => new Float64Array((counts[row] as number) * vocab)); // [token, vocab]
    /** Adds a token's part to the mean over its row. */
    const add = (into: Float64Array, b: number, value: number) => {
      const row = group[b] as number;
      into[row] = (into[row] as number) + value / (counts[row] as number);
    };
    const next = (b: number, k: number) => run.rows[b]?.[(run.from[b] as number) + k] as number;
    await logProbabilities(old, vocab, run, (b, k, logP) => {
      kept[b]?.set(logP, k * vocab);
      add(result.before, b, -(logP[next(b, k)] as number));
    });
    await logProbabilities(now, vocab, run, (b, k, logP) => {
      add(result.kl, b, divergence((kept[b] as Float64Array).subarray(k * vocab, (k + 1) * vocab), logP));
      add(result.after, b, -(logP[next(b, k)] as number));
    });
    done += group.length;
    onRows?.(done, rows.length);
  }
  return result;
};
