/**
 * The loop behind every training: seeded epochs, one optimizer step per `rowsPerStep` examples, held-out loss, early stop and
 * checkpoints. A training that was killed goes on where its last checkpoint stands and makes the very steps it would have made.
 */
import { createHash } from "node:crypto";
import type { TrainingRow } from "@precipice/model";
import { type HostTensors, learningRateAt, NonFiniteLoss, Trainer, type TrainingProgram } from "@precipice/onnx";
import { describeScore, earlyStopOf, isBetter } from "./early-stop.ts";
import { batches, stepsOfEpochs } from "./schedule-batches.ts";
import { type FeedShape, stepFeeds } from "./step-feeds.ts";
import { type Best, loadProgress, saveProgress } from "./training-checkpoint.ts";
import { checkOptions, type Example, type TrainingOptions, type TrainingStep } from "./training-options.ts";

export interface Training {
  readonly program: TrainingProgram;
  readonly start: HostTensors;
  readonly examples: ReadonlyArray<Example>;
  readonly shape: FeedShape;
  /** Share of the adapter's inputs that is dropped. */
  readonly dropout: number;
  /** What beside rows and options decides the result, e.g. the model's digest; part of a checkpoint's identity. */
  readonly identity: unknown;
}

export interface TrainingResult {
  readonly parameters: HostTensors;
  readonly steps: ReadonlyArray<TrainingStep>;
  /** Step whose parameters these are. */
  readonly step: number;
}

/** Rejects with `NonFiniteLoss` (naming the rows), `SessionError`, `Interrupted`, `CheckpointError` or a RangeError for options. */
export const runTraining = async (training: Training, options: TrainingOptions): Promise<TrainingResult> => {
  const { program, start, examples, shape, dropout } = training;
  checkOptions(options, examples.length);
  const { evaluation, validation, checkpoints, signal, onNote } = options;
  const total = options.steps ?? stepsOfEpochs(examples.length, options.rowsPerStep, options.epochs as number);
  const identity = checkpoints === undefined ? "" : trainingDigest(training, options);
  const before = checkpoints === undefined ? undefined : loadProgress(checkpoints.folder, identity);
  const steps: TrainingStep[] = [...(before?.steps ?? [])];
  let best: Best | undefined = before?.best;
  let since = before?.since ?? 0;
  if (before !== undefined) onNote?.(`goes on after step ${before.trainer.step} of ${total}`);

  await using trainer = await Trainer.open(program, start, { threads: options.threads ?? 2, resume: before?.trainer });
  const heldOut = evaluation === undefined ? [] : stepFeeds(evaluation.examples, shape, options, undefined);
  const stop = earlyStopOf(evaluation, validation);
  const enough = () => stop?.reached(best?.score, since);
  const isDue = (every: number | undefined, at: number) => every !== undefined && (at % every === 0 || at === total);

  let step = 0;
  for (const batch of batches(examples, total, options.rowsPerStep, options.seed)) {
    step++;
    if (step <= steps.length) continue; // made before the checkpoint
    if (enough() !== undefined) break;
    const draw = dropout > 0 ? { rate: dropout, seed: options.seed, step } : undefined;
    const parts = stepFeeds(batch, shape, options, draw);
    const learningRate = learningRateAt(step - 1, scheduleOf(options, total));
    const started = performance.now();
    const result = await trainer
      .step(
        parts.map((p) => p.feeds),
        learningRate,
        { signal },
      )
      .catch((error: unknown) => {
        throw error instanceof NonFiniteLoss ? named(error, batch, parts) : error;
      });
    const seconds = (performance.now() - started) / 1000;
    const evalLoss = isDue(evaluation?.every, step)
      ? (
          await trainer.evaluate(
            heldOut.map((p) => p.feeds),
            { signal },
          )
        ).loss
      : undefined;
    const judged = isDue(validation?.every, step) ? await trainer.parameters() : undefined;
    const rates = judged === undefined ? undefined : await validation?.measure(judged, signal);
    steps.push({
      ...result,
      learningRate,
      tokens: countTokens(batch, (row) => positive(row)),
      tokensPerSecond: countTokens(batch, (row) => row.ids.length) / seconds,
      ...(evalLoss === undefined ? {} : { evalLoss }),
      ...(rates === undefined ? {} : { validation: rates }),
    });
    const score = stop?.scoreOf({ evalLoss, validation: rates });
    if (score !== undefined) {
      since++;
      if (isBetter(score, best?.score)) {
        best = { step, score, parameters: judged ?? (await trainer.parameters()) };
        since = 0;
      }
    }
    if (checkpoints !== undefined && (isDue(checkpoints.every, step) || enough() !== undefined))
      saveProgress(checkpoints.folder, identity, { trainer: await trainer.state(), steps, best, since });
    options.onStep?.(steps.at(-1) as TrainingStep, total);
  }
  const reason = enough();
  if (reason !== undefined) onNote?.(`stopped after step ${steps.length}: ${reason}`);
  if (best !== undefined && best.step !== steps.length)
    onNote?.(`takes the parameters of step ${best.step}, ${describeScore(best.score)}`);
  return {
    parameters: best?.parameters ?? (await trainer.parameters()),
    steps,
    step: best?.step ?? steps.length,
  };
};

const scheduleOf = ({ learningRate, warmup = 0, schedule }: TrainingOptions, steps: number) => ({
  peak: learningRate,
  steps,
  warmup: warmup < 1 ? Math.round(warmup * steps) : warmup,
  ...(schedule === undefined ? {} : { shape: schedule }),
});

/** Tokens that are learned, or compared where a row is one of a preferred pair; the first has nothing to be predicted from. */
const positive = ({ lossWeight, preferenceMask }: TrainingRow): number =>
  Array.from(lossWeight).filter((w, t) => t > 0 && (w > 0 || (preferenceMask?.[t] ?? 0) > 0)).length;

const countTokens = (batch: ReadonlyArray<Example>, count: (row: TrainingRow) => number): number =>
  batch.reduce((sum, e) => sum + count(e) + (e.rejected === undefined ? 0 : count(e.rejected)), 0);

/** The same error with the rows it was about. */
const named = (
  { step, loss, gradNorm, batch }: NonFiniteLoss,
  examples: ReadonlyArray<Example>,
  parts: ReadonlyArray<{ readonly examples: ReadonlyArray<number> }>,
): NonFiniteLoss => {
  const places = batch === undefined ? examples.map((_, i) => i) : (parts[batch]?.examples ?? []);
  return new NonFiniteLoss({ step, loss, gradNorm, batch, rows: places.map((i) => examples[i]?.id ?? `#${i}`) });
};

/** Digest of everything that decides which steps are made. */
const trainingDigest = ({ examples, identity, dropout, start }: Training, options: TrainingOptions): string => {
  const { signal: _s, onStep: _o, onNote: _n, checkpoints: _c, memoryBudget: _m, ...deciding } = options;
  const { evaluation, validation, ...rest } = deciding;
  const { measure: _measure, ...validating } = validation ?? {};
  const hash = createHash("sha256");
  hash.update(JSON.stringify([rest, identity, dropout, evaluation?.every ?? 0, evaluation?.patience ?? 0, validating]));
  const addRow = (row: Example | TrainingRow) => {
    const { ids, lossWeight, klWeight = [], preferenceMask = [] } = row;
    hash.update(JSON.stringify([ids, lossWeight, klWeight, preferenceMask].map((list) => Array.from(list))));
  };
  for (const example of [...examples, ...(evaluation?.examples ?? [])]) {
    addRow(example);
    if (example.rejected !== undefined) addRow(example.rejected);
  }
  for (const [name, { data }] of Object.entries(start)) {
    hash.update(name);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
};
