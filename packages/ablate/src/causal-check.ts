/** The causal check: ablate one head alone and see how the final refusal score moves. */
import { Analyzer, type Checkpoint, type RenormMode } from "@precipice/model";
import { floats } from "@precipice/onnx";
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

export interface CausalOptions {
  readonly renorm: RenormMode;
  readonly signal?: AbortSignal | undefined;
  readonly onHead?: (done: number, total: number) => void;
}

/** Mean change of sigmoid(w · x + b) at token `at[row]` for each head ablated alone (gamma 0 at all tokens). */
export const causalDeltas = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  at: ReadonlyArray<number>,
  probe: ProbeDirection & { readonly bias: number },
  heads: ReadonlyArray<HeadIndex>,
  { renorm, signal, onHead }: CausalOptions,
): Promise<ReadonlyArray<number>> => {
  const { config } = checkpoint;
  await using analyzer = await Analyzer.open(checkpoint, { capture: [probe.site], headScale: renorm });
  const finalScores = async (scale: Float32Array): Promise<Float64Array> => {
    const scores = new Float64Array(rows.length);
    const feeds = { head_scale: { dtype: "float32", dims: [config.layers, config.heads], data: scale } } as const;
    const gate = (group: ReadonlyArray<number>, tokens: number) => ({
      head_gate: {
        dtype: "float32",
        dims: [group.length * tokens],
        data: new Float32Array(group.length * tokens).fill(1),
      } as const,
    });
    for await (const { captured, outputs } of analyzer.run({
      rows,
      captureAt: (row) => [at[row] as number],
      feeds,
      batchFeeds: gate,
      signal,
    })) {
      const stream = floats(outputs[probe.site]);
      const width = probe.weights.length;
      captured.forEach(({ row }, i) => {
        let z = probe.bias;
        for (let k = 0; k < width; k++) z += (stream[i * width + k] as number) * (probe.weights[k] as number);
        scores[row] = sigmoid(z);
      });
    }
    return scores;
  };
  const base = await finalScores(scaleOf(config, [], 0));
  const deltas: number[] = [];
  for (const head of heads) {
    const scores = await finalScores(scaleOf(config, [head], 0));
    deltas.push(scores.reduce((sum, s, i) => sum + s - (base[i] as number), 0) / rows.length);
    onHead?.(deltas.length, heads.length);
  }
  return deltas;
};
