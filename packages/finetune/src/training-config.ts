/** Config keys that every training stage has, and what they become. */
import type { TrainingStep as StepRow, TrainingRowTokens } from "@precipice/artifacts";
import type { TextTokenizer } from "@precipice/model";
import { StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Example, TrainingOptions, TrainingStep } from "./training-options.ts";
import { REGIONS, type Region, type RepairRow } from "./training-rows.ts";

export const positive = Schema.Int.check(Schema.isGreaterThan(0));
const notNegative = Schema.Number.check(Schema.isGreaterThanOrEqualTo(0));

export const number = (fallback: number, description: string) =>
  notNegative.annotate({ description }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));
export const integer = (fallback: number, description: string) =>
  positive.annotate({ description }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));
export const optionalInteger = (description: string) => Schema.optionalKey(positive.annotate({ description }));

export const trainingFields = {
  steps: optionalInteger("Optimizer steps; default 60 where epochs is not given"),
  epochs: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThan(0)).annotate({ description: "Times every row is seen, instead of steps" }),
  ),
  rowsPerStep: integer(16, "Rows per step; the loss is one mean over all their tokens"),
  tokensPerBatch: integer(4096, "Padded tokens computed at once; a step of more accumulates gradients"),
  packTokens: optionalInteger("Pack rows into sequences of about this many tokens, none of which sees another"),
  recompute: Schema.Union([Schema.Boolean, Schema.Literal("auto")])
    .annotate({
      description: "Run each block again for its gradient: less memory, 4/3 of the time; auto where it must be",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("auto" as const))),
  learningRate: number(1e-3, "Peak learning rate of AdamW"),
  schedule: Schema.Literals(["cosine", "linear", "constant"])
    .annotate({ description: "How the rate falls after the warm-up" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("cosine" as const))),
  warmup: number(5, "Linear warm-up: steps, or below 1 a share of all steps"),
  weightDecay: number(0, "Decoupled weight decay"),
  clipNorm: number(1, "Global norm the gradient is clipped to"),
  loss: Schema.NonEmptyArray(Schema.Literals(REGIONS))
    .annotate({ description: "Regions whose tokens carry the loss: prompt, thinking, template, response" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(["response"] as const))),
  evalFraction: Schema.Number.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))
    .annotate({ description: "Share of the rows held out; their loss is the table's eval_loss" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  evalEvery: integer(10, "Steps between two measurements of the held-out loss"),
  patience: optionalInteger("Stop after this many measurements without a lower held-out loss, and take the best"),
  acceptCompliance: Schema.Boolean.annotate({
    description:
      "Train although more than 5 % of the rows labelled harmful have references that the refusal rules do not see as refusals: that teaches compliance",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  checkpointEvery: positive
    .annotate({
      description: "Steps between two checkpoints; a killed training goes on from the last",
      execution: true,
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(20))),
  threads: positive
    .annotate({ description: "onnxruntime threads", execution: true })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(2))),
  seed: Schema.Int.annotate({ description: "Seed of initialisation, mixing, order and dropout" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
};

const trainingConfig = Schema.Struct(trainingFields);
export type TrainingConfig = typeof trainingConfig.Type;

/** Rows held out by seed: at least one where a fraction is asked for and there are two. */
export const splitHeldOut = <A>(
  rows: ReadonlyArray<A>,
  fraction: number,
  seed: number,
): { readonly train: ReadonlyArray<A>; readonly heldOut: ReadonlyArray<A> } => {
  if (fraction === 0 || rows.length < 2) return { train: rows, heldOut: [] };
  const size = Math.min(rows.length - 1, Math.max(1, Math.round(rows.length * fraction)));
  const chosen = new Set(random(seed, "held out").sample([...rows.keys()], size));
  return { train: rows.filter((_, i) => !chosen.has(i)), heldOut: rows.filter((_, i) => chosen.has(i)) };
};

/** Loop options of a stage. Fails where keys contradict each other. */
export const loopOptions = (
  config: TrainingConfig,
  heldOut: ReadonlyArray<Example>,
  scratch: string,
): Effect.Effect<Omit<TrainingOptions, "signal" | "onStep" | "onNote">, StageError> => {
  const refuse = (message: string, remedy: string) =>
    Effect.fail(new StageError({ code: "E_CONFIG", message, remedy }));
  if (config.steps !== undefined && config.epochs !== undefined)
    return refuse("steps and epochs are both given", "Give one of them");
  if (config.patience !== undefined && heldOut.length === 0)
    return refuse("patience needs held-out rows", "Set evalFraction, say to 0.1");
  const { rowsPerStep, tokensPerBatch, packTokens, learningRate, schedule, warmup, weightDecay, clipNorm } = config;
  return Effect.succeed({
    ...(config.epochs === undefined ? { steps: config.steps ?? 60 } : { epochs: config.epochs }),
    rowsPerStep,
    tokensPerBatch,
    packTokens,
    recompute: config.recompute,
    learningRate,
    schedule,
    warmup,
    weightDecay,
    clipNorm,
    seed: config.seed,
    threads: config.threads,
    checkpoints: { folder: scratch, every: config.checkpointEvery },
    ...(heldOut.length === 0
      ? {}
      : { evaluation: { examples: heldOut, every: config.evalEvery, patience: config.patience } }),
  });
};

export const stepDetail = ({ loss, evalLoss, validation, tokensPerSecond }: TrainingStep): string =>
  [
    `loss ${loss.toFixed(4)}`,
    ...(evalLoss === undefined ? [] : [`held out ${evalLoss.toFixed(4)}`]),
    ...(validation === undefined ? [] : [`validation ASR ${validation.asr.toFixed(2)}`]),
    `${Math.round(tokensPerSecond)} tokens/s`,
  ].join(", ");

export const stepRows = (steps: ReadonlyArray<TrainingStep>): ReadonlyArray<StepRow> =>
  steps.map((s) => ({
    step: s.step,
    loss: s.loss,
    grad_norm: s.gradNorm,
    learning_rate: s.learningRate,
    tokens: s.tokens,
    tokens_per_second: s.tokensPerSecond,
    eval_loss: s.evalLoss ?? null,
    validation_asr: s.validation?.asr ?? null,
    validation_overrefusal: s.validation?.overRefusal ?? null,
    kl: s.metrics["kl"] ?? null,
    preference_accuracy: s.metrics["preference_accuracy"] ?? null,
  }));

export const tokenRows = (
  rows: ReadonlyArray<RepairRow>,
  split: TrainingRowTokens["split"],
  tokenizer: TextTokenizer,
): ReadonlyArray<TrainingRowTokens> =>
  rows.map((row) => ({
    trace_id: row.id,
    role: row.role,
    label: row.label,
    split,
    ids: row.ids,
    tokens: tokenizer.pieces(row.ids),
    regions: row.regions as ReadonlyArray<Region>,
    loss_mask: row.lossWeight.map((w, t) => (t > 0 && w > 0 ? 1 : 0)),
  }));
