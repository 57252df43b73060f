/**
 * The direction along which a model's own refusals and answers differ at the final position, as a probe would find it: the
 * difference of the class means, each coordinate weighed by its variance within the classes (diagonal linear discriminant).
 */
import { Analyzer, type Checkpoint, FINAL_NORMALIZED, type ReadOutLoss } from "@precipice/model";
import { floats } from "@precipice/onnx";
import { refusalExamples } from "./examples.ts";

/** Logits that the class means get: ± this. */
const MARGIN = 5;

/** Read-out of the final norm fitted on teacher-forced examples under plain framings; `weight` is its share of a loss. */
export const refusalReadOut = async (checkpoint: Checkpoint, weight: number, seed: number): Promise<ReadOutLoss> => {
  const examples = refusalExamples(checkpoint.tokenizer, seed, 400);
  const width = checkpoint.config.hidden;
  await using analyzer = await Analyzer.open(checkpoint, { capture: [FINAL_NORMALIZED] });
  const sums = [0, 1].map(() => ({ n: 0, sum: new Float64Array(width), squares: new Float64Array(width) }));
  for await (const { captured, outputs } of analyzer.run({
    rows: examples.map((e) => e.ids),
    captureAt: (row) => [examples[row]?.final as number],
  })) {
    const x = floats(outputs[FINAL_NORMALIZED]); // [capture, d_model]
    captured.forEach(({ row }, i) => {
      const side = sums[examples[row]?.refuses === true ? 1 : 0] as (typeof sums)[number];
      side.n++;
      for (let k = 0; k < width; k++) {
        const value = x[i * width + k] as number;
        side.sum[k] = (side.sum[k] as number) + value;
        side.squares[k] = (side.squares[k] as number) + value * value;
      }
    });
  }
  const [answers, refusals] = sums.map(({ n, sum, squares }) => {
    const mean = sum.map((s) => s / n);
    return { mean, variance: squares.map((s, k) => s / n - (mean[k] as number) ** 2) };
  }) as [{ mean: Float64Array; variance: Float64Array }, { mean: Float64Array; variance: Float64Array }];
  const within = answers.variance.map((v, k) => (v + (refusals.variance[k] as number)) / 2);
  const floor = within.reduce((a, b) => a + b, 0) / width; // keeps coordinates that hardly vary from ruling
  const raw = refusals.mean.map((m, k) => (m - (answers.mean[k] as number)) / ((within[k] as number) + floor));
  const along = (mean: Float64Array) => raw.reduce((s, w, k) => s + w * (mean[k] as number), 0);
  const scale = (2 * MARGIN) / (along(refusals.mean) - along(answers.mean));
  const bias = (-scale * (along(refusals.mean) + along(answers.mean))) / 2;
  return { site: FINAL_NORMALIZED, direction: Float32Array.from(raw, (w) => w * scale), bias, weight };
};
