/**
 * Attribution patching: what ablating each head alone would do to a read-out, to first order, for all heads at once. Two passes
 * over the data, one forward and one backward, stand for as many passes as there are heads; later blocks' answer to the
 * ablation is part of it, which the direct contribution leaves out.
 */
import { Analyzer, type AnalyzerOptions, type Checkpoint } from "@precipice/model";
import { float32, floats } from "@precipice/onnx";
import { directionNorm, type ProbeDirection } from "./attribute-heads.ts";
import { type Acts, gateOf } from "./causal-check.ts";

export interface PatchingOptions extends AnalyzerOptions {
  /** As the ablation would do it. */
  readonly renorm: "none" | "token";
  /** Where the head is ablated; everywhere by default. */
  readonly acts?: Acts | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: (done: number, total: number) => void;
}

/**
 * First-order change of w · x at token `at[row]` when a head is ablated where `acts` says: per layer and head (row-major), one value
 * per row. Positive: the head holds the read-out down. Rejects with a RangeError as `attributeHeads` does, with `DecoderError`
 * for rows whose backward pass memory has no room for.
 */
export const patchHeads = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  at: ReadonlyArray<number>,
  direction: ProbeDirection,
  { renorm, acts, signal, onRows, ...options }: PatchingOptions,
): Promise<ReadonlyArray<Float64Array>> => {
  const { layers, heads } = checkpoint.config;
  directionNorm(checkpoint, direction);
  const effects = Array.from({ length: layers * heads }, () => new Float64Array(rows.length));
  await using analyzer = await Analyzer.open(
    checkpoint,
    { headEffects: { site: direction.site, renorm } },
    { longest: rows.reduce((most, row) => Math.max(most, row.length), 1), ...options },
  );
  for await (const { rows: group, outputs } of analyzer.run({
    rows,
    captureAt: (row) => [at[row] as number],
    feeds: { effect_direction: float32([direction.weights.length], direction.weights) },
    batchFeeds: (group, tokens, start) => ({
      effect_gate: float32([group.length, tokens], gateOf(group, tokens, start, acts)),
    }),
    signal,
    onRows,
  })) {
    const values = floats(outputs["head_effect"]); // [layer, batch, head]
    group.forEach((row, b) => {
      for (let l = 0; l < layers; l++)
        for (let h = 0; h < heads; h++)
          (effects[l * heads + h] as Float64Array)[row] = values[(l * group.length + b) * heads + h] as number;
    });
  }
  return effects;
};
