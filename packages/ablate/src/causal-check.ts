/** The causal check: ablate one head alone and see how what is read at the final position moves. */
import { Analyzer, type AnalyzerOptions, type Checkpoint, type RenormMode } from "@precipice/model";
import { float32, floats } from "@precipice/onnx";
import { sigmoid } from "@precipice/stats";
import type { ProbeDirection } from "./attribute-heads.ts";

export interface HeadIndex {
  readonly layer: number;
  readonly head: number;
}

/** `[layers * heads]`, 1 everywhere but gamma at `heads`. */
export const scaleOf = (
  config: { readonly layers: number; readonly heads: number },
  heads: ReadonlyArray<HeadIndex>,
  gamma: number,
): Float32Array => {
  const scale = new Float32Array(config.layers * config.heads).fill(1);
  for (const { layer, head } of heads) scale[layer * config.heads + head] = gamma;
  return scale;
};

/** Whether heads are ablated at a token of a row. See `inScope` and `regionsOf` of the model package. */
export type Acts = (row: number, token: number) => boolean;

/** 1 where heads are ablated, row by row `[batch · token]`; `start`: the first token of a chunk. Everywhere without `acts`. */
export const gateOf = (
  group: ReadonlyArray<number>,
  tokens: number,
  start: number,
  acts: Acts | undefined,
): Float32Array<ArrayBuffer> => {
  const gate = new Float32Array(group.length * tokens).fill(1);
  if (acts !== undefined)
    group.forEach((row, b) => {
      for (let t = 0; t < tokens; t++) if (!acts(row, start + t)) gate[b * tokens + t] = 0;
    });
  return gate;
};

export interface CausalOptions extends AnalyzerOptions {
  readonly renorm: RenormMode;
  /** Where the heads are ablated; everywhere by default. */
  readonly acts?: Acts | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onHead?: (done: number, total: number) => void;
  /** From `openAblation`, for several calls; it stays open. Default: one for this call. */
  readonly analyzer?: Analyzer;
}

/** The program that `readAblated` runs, loaded once for several calls with the same directions' sites. */
export const openAblation = (
  checkpoint: Checkpoint,
  directions: ReadonlyArray<ProbeDirection>,
  renorm: RenormMode,
  options: AnalyzerOptions = {},
): Promise<Analyzer> =>
  Analyzer.open(
    checkpoint,
    { projections: directions.map(({ site }) => ({ site, count: 1 })), headScale: renorm },
    options,
  );

/** w · x at token `at[row]` of each row: per direction, `[rows]`. */
export type Readings = ReadonlyArray<Float64Array>;

export interface AblatedReadings {
  /** With all heads as they are. */
  readonly base: Readings;
  /** Per set of heads, with its heads ablated. */
  readonly ablated: ReadonlyArray<Readings>;
}

/** What several directions read at token `at[row]`, as the model is and with each set of heads ablated (gamma 0 where `acts` says, at all tokens by default). */
export const readAblated = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  at: ReadonlyArray<number>,
  directions: ReadonlyArray<ProbeDirection>,
  sets: ReadonlyArray<ReadonlyArray<HeadIndex>>,
  { renorm, acts, signal, onHead, analyzer: given, ...options }: CausalOptions,
): Promise<AblatedReadings> => {
  const { config } = checkpoint;
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  await using own =
    given === undefined ? await openAblation(checkpoint, directions, renorm, { longest, ...options }) : undefined;
  const analyzer = given ?? (own as Analyzer);
  const fixed = Object.fromEntries(
    directions.map(({ weights }, d) => [`projection.${d}`, float32([weights.length, 1], weights)]),
  );
  const read = async (scale: Float32Array): Promise<Readings> => {
    const readings = directions.map(() => new Float64Array(rows.length));
    const batches = analyzer.run({
      rows,
      feeds: { ...fixed, head_scale: float32([config.layers, config.heads], scale) },
      batchFeeds: (group, tokens, start) => ({
        head_gate: float32([group.length * tokens], gateOf(group, tokens, start, acts)),
      }),
      signal,
    });
    for await (const { rows: group, start, tokens, outputs } of batches) {
      readings.forEach((values, d) => {
        const found = floats(outputs[`score.${d}`]); // [batch · token]
        group.forEach((row, b) => {
          const t = (at[row] as number) - start;
          if (t >= 0 && t < tokens) values[row] = found[b * tokens + t] as number;
        });
      });
    }
    return readings;
  };
  const base = await read(scaleOf(config, [], 0));
  const ablated: Readings[] = [];
  for (const set of sets) {
    ablated.push(await read(scaleOf(config, set, 0)));
    onHead?.(ablated.length, sets.length);
  }
  return { base, ablated };
};

/** Mean change of sigmoid(w · x + b) at token `at[row]` for each head ablated alone (gamma 0 at all tokens). */
export const causalDeltas = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  at: ReadonlyArray<number>,
  probe: ProbeDirection & { readonly bias: number },
  heads: ReadonlyArray<HeadIndex>,
  options: CausalOptions,
): Promise<ReadonlyArray<number>> => {
  const sets = heads.map((head) => [head]);
  const { base, ablated } = await readAblated(checkpoint, rows, at, [probe], sets, options);
  return ablated.map((changed) => meanScoreChange(base[0] as Float64Array, changed[0] as Float64Array, probe.bias));
};

/** Mean of sigmoid(after + bias) − sigmoid(before + bias). */
export const meanScoreChange = (before: Float64Array, after: Float64Array, bias: number): number =>
  after.reduce((sum, z, i) => sum + sigmoid(z + bias) - sigmoid((before[i] as number) + bias), 0) / before.length;
