/** What every training here can be told, whichever parameters it trains. */
import type { TrainingRow } from "@precipice/model";
import type { HostTensors, ScheduleOptions, StepResult } from "@precipice/onnx";
import { earlyStopOf } from "./early-stop.ts";

/** One thing to learn from: a row with its loss weights, or a preferred row with the rejected one. */
export interface Example extends TrainingRow {
  /** Named in errors. */
  readonly id?: string | undefined;
  /** Response to the same prompt that should become less likely; both rows then carry a `preferenceMask`. */
  readonly rejected?: TrainingRow | undefined;
}

export interface TrainingOptions {
  /** Optimizer steps; give this or `epochs`. */
  readonly steps?: number | undefined;
  /** Times every row is seen. */
  readonly epochs?: number | undefined;
  /** Examples per optimizer step. Their loss is one mean over all their tokens, however they are batched. */
  readonly rowsPerStep: number;
  /** Padded tokens computed at once; a step of more accumulates gradients over several batches. Default 4096. */
  readonly tokensPerBatch?: number | undefined;
  /** Pack rows into sequences of about this many tokens, none of which sees another; no packing when absent. */
  readonly packTokens?: number | undefined;
  /** Run each block again for its gradient instead of keeping what it computed; "auto" (default): where memory asks for it. */
  readonly recompute?: boolean | "auto" | undefined;
  /** Bytes a step may need at its peak. Default: the machine's memory. */
  readonly memoryBudget?: number | undefined;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** How it falls after the warm-up. Default cosine. */
  readonly schedule?: ScheduleOptions["shape"] | undefined;
  /** Linear warm-up: steps from 1, or below 1 a share of all steps. Default 0. */
  readonly warmup?: number | undefined;
  readonly weightDecay: number;
  /** Global L2 norm the gradient is clipped to; no clipping when absent. */
  readonly clipNorm?: number | undefined;
  readonly seed: number;
  /** onnxruntime threads. Default 2. A training repeats bit for bit only with as many threads as before. */
  readonly threads?: number | undefined;
  readonly evaluation?: Evaluation | undefined;
  readonly validation?: Validation | undefined;
  readonly checkpoints?: Checkpoints | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: TrainingStep, steps: number) => void) | undefined;
  /** Told where the training goes on from a checkpoint, stops early or takes an earlier step's parameters. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** Held-out examples whose loss is measured. */
export interface Evaluation {
  readonly examples: ReadonlyArray<Example>;
  /** Steps between two measurements; the last step is always measured. */
  readonly every: number;
  /** Stop after this many measurements without a new lowest loss. The parameters of the lowest loss are then the result. */
  readonly patience?: number | undefined;
}

/** How often a model does what it should not, and refuses what it should do, on prompts it is not trained on. */
export interface ValidationRates {
  /** Harmful responses ÷ judged responses on harmful prompts, 0..1. */
  readonly asr: number;
  /** Refusals ÷ judged responses on harmless prompts, 0..1; null without such prompts. */
  readonly overRefusal: number | null;
}

/** What the model writes, judged while it is trained. */
export interface Validation {
  /** Steps between two measurements; the last step is always measured. */
  readonly every: number;
  /**
   * Stop after this many measurements without a lower attack success rate (of equal ones, a lower over-refusal). Where a
   * training may stop early the parameters of the lowest are its result.
   */
  readonly patience?: number | undefined;
  /** Stop as soon as the attack success rate is at most this, 0..1. */
  readonly stopAt?: number | undefined;
  /** What decides the rates beside the parameters: prompts, judge, limits. Part of a checkpoint's identity. */
  readonly identity: unknown;
  readonly measure: (parameters: HostTensors, signal: AbortSignal | undefined) => Promise<ValidationRates>;
}

/** Where a training keeps what it needs to go on after a crash. */
export interface Checkpoints {
  readonly folder: string;
  /** Steps between two checkpoints. */
  readonly every: number;
}

export interface TrainingStep extends StepResult {
  readonly learningRate: number;
  /** Tokens with a loss weight in this step. */
  readonly tokens: number;
  /** All tokens of the step's rows, prompts included, per second. */
  readonly tokensPerSecond: number;
  /** Mean loss of the held-out examples after this step; absent where it was not measured. */
  readonly evalLoss?: number | undefined;
  /** Rates on the validation prompts after this step; absent where they were not measured. */
  readonly validation?: ValidationRates | undefined;
}

/** What a program must know of the batches it will get: the longest sequence, how many of them at once, and how to fit. */
export const programSize = (
  examples: ReadonlyArray<Example>,
  { evaluation, packTokens = 0, tokensPerBatch = 4096, rowsPerStep, recompute = "auto", memoryBudget }: TrainingOptions,
) => {
  const all = [...examples, ...(evaluation?.examples ?? [])];
  const longest = all.reduce((m, e) => Math.max(m, e.ids.length, e.rejected?.ids.length ?? 0), packTokens);
  const most = Math.max(rowsPerStep, evaluation?.examples.length ?? 0) * (all.some((e) => e.rejected) ? 2 : 1);
  const rows = Math.max(1, Math.min(most, Math.floor(tokensPerBatch / longest)));
  return { maxTokens: longest, rows, recompute, memoryBudget, packed: packTokens > 0 };
};

/** Throws a RangeError that names the first option that makes no sense. */
export const checkOptions = (options: TrainingOptions, examples: number): void => {
  const {
    steps,
    epochs,
    rowsPerStep,
    evaluation,
    validation,
    checkpoints,
    tokensPerBatch = 1,
    packTokens = 1,
    warmup = 0,
  } = options;
  if (examples === 0) throw new RangeError("no rows to train on");
  if ((steps === undefined) === (epochs === undefined)) throw new RangeError("give either steps or epochs");
  const whole = { steps, rowsPerStep, tokensPerBatch, packTokens, "evaluation.every": evaluation?.every };
  for (const [name, n] of Object.entries({
    ...whole,
    "checkpoints.every": checkpoints?.every,
    patience: evaluation?.patience,
    "validation.every": validation?.every,
    "validation.patience": validation?.patience,
  }))
    if (n !== undefined && !(Number.isInteger(n) && n > 0))
      throw new RangeError(`${name} is ${n}; it must be a positive integer`);
  if (epochs !== undefined && !(epochs > 0 && Number.isFinite(epochs))) throw new RangeError(`epochs is ${epochs}`);
  if (!(warmup >= 0)) throw new RangeError(`warmup is ${warmup}`);
  if (validation?.stopAt !== undefined && !(validation.stopAt >= 0 && validation.stopAt <= 1))
    throw new RangeError(`validation.stopAt is ${validation.stopAt}; it must be in [0, 1]`);
  if (evaluation?.patience !== undefined && earlyStopOf(undefined, validation) !== undefined)
    throw new RangeError("the held-out loss and the validation cannot both decide when to stop");
  if (evaluation !== undefined && evaluation.examples.length === 0) throw new RangeError("no rows to evaluate on");
};
