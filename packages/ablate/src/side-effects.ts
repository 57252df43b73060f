/**
 * What an ablation does to text it should leave alone: the KL divergence of the next token from the unablated model, and the
 * cross-entropy of the text itself, teacher-forced.
 */
import {
  Analyzer,
  type AnalyzerOptions,
  type Checkpoint,
  divergence,
  groupsWithin,
  logProbabilities,
  type RenormMode,
} from "@precipice/model";
import { float32 } from "@precipice/onnx";
import { type Acts, gateOf } from "./causal-check.ts";

export interface SideEffectOptions extends AnalyzerOptions {
  readonly renorm: RenormMode;
  /** Where the heads are scaled; everywhere by default. */
  readonly acts?: Acts | undefined;
  /** Bytes of logits held at once. Default 256 MiB. */
  readonly logitBytes?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: (done: number, total: number) => void;
}

/** Nats per token, one value per row. */
export interface SideEffects {
  /** KL(unablated ‖ ablated) of the next token. */
  readonly kl: Float64Array;
  /** Of the row's own tokens under the ablated model. */
  readonly crossEntropy: Float64Array;
}

/**
 * Side effects of each head scaling (`[layers * heads]`, where `acts` says) on tokens `from[row]` to the row's end; means over the
 * tokens of a row. Every row must have a token from there on, and one before it. Throws a RangeError otherwise.
 */
export const sideEffects = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ReadonlyArray<number>>,
  from: ReadonlyArray<number>,
  scales: ReadonlyArray<Float32Array>,
  { renorm, acts, logitBytes = 2 ** 28, signal, onRows, ...options }: SideEffectOptions,
): Promise<ReadonlyArray<SideEffects>> => {
  const { config } = checkpoint;
  const { vocab } = config;
  const counts = rows.map((row, i) => row.length - (from[i] as number));
  counts.forEach((count, i) => {
    if (!(count > 0 && (from[i] as number) > 0))
      throw new RangeError(`row ${i} of ${rows[i]?.length} tokens has nothing to predict from token ${from[i]} on`);
  });
  const results = scales.map(() => ({
    kl: new Float64Array(rows.length),
    crossEntropy: new Float64Array(rows.length),
  }));
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  await using analyzer = await Analyzer.open(checkpoint, { logits: true, headScale: renorm }, { longest, ...options });

  /** Log-probabilities before each predicted token of some rows, `[token, vocab]` per row. */
  const scaled = (
    group: ReadonlyArray<number>,
    scale: Float32Array,
    use: (row: number, k: number, logP: Float64Array) => void,
  ) =>
    logProbabilities(
      analyzer,
      vocab,
      {
        rows: group.map((row) => rows[row] as ReadonlyArray<number>),
        from: group.map((row) => from[row] as number),
        feeds: { head_scale: float32([config.layers, config.heads], scale) },
        batchFeeds: (batch, tokens, start) => ({
          head_gate: float32(
            [batch.length * tokens],
            gateOf(
              batch.map((b) => group[b] as number),
              tokens,
              start,
              acts,
            ),
          ),
        }),
        signal,
      },
      (b, k, logP) => use(group[b] as number, k, logP),
    );

  const plain = new Float32Array(config.layers * config.heads).fill(1);
  let done = 0;
  for (const group of groupsWithin(counts, Math.max(1, Math.floor(logitBytes / (8 * vocab))))) {
    const base = new Map(group.map((row) => [row, new Float64Array((counts[row] as number) * vocab)]));
    await scaled(group, plain, (row, k, logP) => base.get(row)?.set(logP, k * vocab));
    for (const [s, scale] of scales.entries()) {
      const { kl, crossEntropy } = results[s] as SideEffects;
      await scaled(group, scale, (row, k, logP) => {
        const before = (base.get(row) as Float64Array).subarray(k * vocab, (k + 1) * vocab);
        const count = counts[row] as number;
        const next = rows[row]?.[(from[row] as number) + k] as number;
        kl[row] = (kl[row] as number) + divergence(before, logP) / count;
        crossEntropy[row] = (crossEntropy[row] as number) - (logP[next] as number) / count;
      });
    }
    done += group.length;
    onRows?.(done, rows.length);
  }
  return results;
};
