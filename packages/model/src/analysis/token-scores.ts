/** Linear read-outs of a site at every token, computed inside the graph: only the scores leave it, never the activations. */
import { floats } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { type Site, siteWidth } from "../decoder/sites.ts";
import { DecoderError } from "../errors.ts";
import { Analyzer, type AnalyzerOptions } from "./analyzer.ts";

export interface ReadOut {
  readonly site: Site;
  /** `[d]` */
  readonly weights: Float32Array;
  readonly bias: number;
}

export interface TokenScoreOptions extends AnalyzerOptions {
  /** From `openTokenScores`, for several calls; it stays open. Default: one for this call. */
  readonly analyzer?: Analyzer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: (done: number, total: number) => void;
  /** The scores of a row, per read-out, as soon as it is done; rows come in any order. */
  readonly onScores?: (row: number, scores: ReadonlyArray<Float32Array>) => void;
}

/** The program that reads these sites, loaded once for several calls of `tokenScores` with as many read-outs there. */
export const openTokenScores = (
  checkpoint: Checkpoint,
  sites: ReadonlyArray<Site>,
  options: AnalyzerOptions = {},
): Promise<Analyzer> => Analyzer.open(checkpoint, { projections: sites.map((site) => ({ site, count: 1 })) }, options);

/**
 * `weights · x + bias` at every token: per read-out, per row, `[tokens]`. Rejects with `DecoderError` for unknown sites,
 * weights of another width and rows the model cannot read.
 */
export const tokenScores = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  readOuts: ReadonlyArray<ReadOut>,
  { signal, onRows, onScores, analyzer: given, ...options }: TokenScoreOptions = {},
): Promise<ReadonlyArray<ReadonlyArray<Float32Array>>> => {
  if (readOuts.length === 0) return [];
  for (const { site, weights } of readOuts) {
    const width = siteWidth(checkpoint.config, site);
    if (weights.length !== width)
      throw new DecoderError({
        what: `read-out of ${site}`,
        problem: `has ${weights.length} weights, the site is ${width} wide`,
      });
  }
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  await using own =
    given === undefined
      ? await openTokenScores(
          checkpoint,
          readOuts.map(({ site }) => site),
          { longest, ...options },
        )
      : undefined;
  const analyzer = given ?? (own as Analyzer);
  const feeds = Object.fromEntries(
    readOuts.map((r, i) => [
      `projection.${i}`,
      { dtype: "float32", dims: [r.weights.length, 1], data: r.weights } as const,
    ]),
  );
  const results = readOuts.map(() => rows.map((row) => new Float32Array(row.length)));
  for await (const { rows: group, start, tokens, outputs } of analyzer.run({ rows, feeds, signal, onRows })) {
    readOuts.forEach(({ bias }, i) => {
      const scores = floats(outputs[`score.${i}`]); // [batch · token]
      group.forEach((row, b) => {
        const result = results[i]?.[row] as Float32Array;
        const count = Math.min(tokens, result.length - start);
        for (let t = 0; t < count; t++) result[start + t] = (scores[b * tokens + t] as number) + bias;
      });
    });
    if (onScores === undefined) continue;
    for (const row of group)
      if (start + tokens >= (rows[row] as ArrayLike<number>).length)
        onScores(
          row,
          results.map((all) => all[row] as Float32Array),
        );
  }
  return results;
};
