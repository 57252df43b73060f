/** LoRA training of a decoder on rows with per-token loss weights. */
import {
  type Checkpoint,
  decoderTrainingProgram,
  type FloatTensor,
  type LoraShape,
  loraShapes,
  type TrainingRow,
  trainingFeeds,
} from "@precipice/model";
import { type HostTensor, learningRateAt, type StepResult, Trainer } from "@precipice/onnx";
import { random } from "@precipice/stats";
import type { PeftAdapter } from "./peft-files.ts";

export interface LoraTraining {
  readonly lora: LoraShape;
  readonly steps: number;
  readonly rowsPerStep: number;
  readonly learningRate: number;
  /** Linear warm-up steps, then cosine to 0. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly seed: number;
  readonly threads?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (step: LoraStep) => void;
}

export interface LoraStep extends StepResult {
  readonly learningRate: number;
  /** Tokens with a loss weight in this step. */
  readonly tokens: number;
}

export interface TrainedLora extends PeftAdapter {
  readonly steps: ReadonlyArray<LoraStep>;
  readonly trainableParameters: number;
}

/** PEFT's default start: A uniform in ±1/sqrt(in) (Kaiming with a = sqrt 5), B zero, so that the adapter changes nothing yet. */
export const initialAdapter = (
  shapes: ReadonlyMap<string, readonly [number, number]>,
  seed: number,
): Record<string, FloatTensor> =>
  Object.fromEntries(
    [...shapes].map(([name, shape]) => {
      const draw = random(seed, "lora", name);
      const bound = name.includes("lora_A") ? 1 / Math.sqrt(shape[1]) : 0;
      return [
        name,
        { shape, data: Float32Array.from({ length: shape[0] * shape[1] }, () => (2 * draw.next() - 1) * bound) },
      ];
    }),
  );

/** Rows of each step: the data in a new order every epoch, never a part of an epoch twice before the rest once. */
export function* batches<A>(rows: ReadonlyArray<A>, steps: number, rowsPerStep: number, seed: number): Generator<A[]> {
  let epoch = 0;
  let queue: A[] = [];
  for (let step = 0; step < steps; step++) {
    const batch: A[] = [];
    while (batch.length < Math.min(rowsPerStep, rows.length)) {
      if (queue.length === 0) queue = random(seed, "epoch", epoch++).shuffle([...rows]);
      batch.push(queue.pop() as A);
    }
    yield batch;
  }
}

/** Train a fresh adapter; the model stays as it is. Rejects with `NonFiniteLoss`, `SessionError` or `Interrupted`. */
export const trainLora = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<TrainingRow>,
  options: LoraTraining,
): Promise<TrainedLora> => {
  if (rows.length === 0) throw new RangeError("no rows to train on");
  const shapes = loraShapes(checkpoint.config, options.lora);
  const initial = initialAdapter(shapes, options.seed);
  const maxTokens = rows.reduce((m, r) => Math.max(m, r.ids.length), 0);
  const optimizer = { weightDecay: options.weightDecay, clipNorm: options.clipNorm };
  const program = decoderTrainingProgram(checkpoint, { maxTokens, train: { lora: options.lora }, optimizer });
  const start = Object.fromEntries(
    Object.entries(initial).map(([name, t]): [string, HostTensor] => [
      name,
      { dtype: "float32", dims: t.shape, data: t.data as Float32Array<ArrayBuffer> },
    ]),
  );
  await using trainer = await Trainer.open(program, start, { threads: options.threads ?? 2 });
  const steps: LoraStep[] = [];
  for (const batch of batches(rows, options.steps, options.rowsPerStep, options.seed)) {
    const learningRate = learningRateAt(steps.length, {
      peak: options.learningRate,
      steps: options.steps,
      warmup: options.warmup,
    });
    const tokens = batch.reduce((sum, row) => sum + Array.from(row.lossWeight).filter((w) => w > 0).length, 0);
    const result = await trainer.step(trainingFeeds(batch, checkpoint.config.vocab), learningRate, {
      signal: options.signal,
    });
    steps.push({ ...result, learningRate, tokens });
    options.onStep?.(steps.at(-1) as LoraStep);
  }
  const trained = await trainer.parameters();
  const parameters = Object.fromEntries(
    [...shapes].map(([name, shape]): [string, FloatTensor] => [
      name,
      { shape, data: trained[name]?.data as Float32Array },
    ]),
  );
  return {
    lora: options.lora,
    parameters,
    steps,
    trainableParameters: [...shapes.values()].reduce((sum, [a, b]) => sum + a * b, 0),
  };
};
