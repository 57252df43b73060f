/** The course of a training: its steps, and its rows with the region and the loss mask of every token. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";
import { PromptLabel } from "./prompts.ts";

const steps = Schema.Struct({
  /** From 1. */
  step: Schema.Int,
  /** Mean cross-entropy over the step's target tokens, nats, with the further losses where there are any. */
  loss: Schema.Number,
  /** Global L2 norm before clipping. */
  grad_norm: Schema.Number,
  learning_rate: Schema.Number,
  /** Target tokens in the step. */
  tokens: Schema.Int,
  /** Tokens of the step's rows, prompts included, per second. */
  tokens_per_second: Schema.Number,
  /** Mean loss of the held-out rows after this step, where it was measured. */
  eval_loss: Schema.NullOr(Schema.Number),
  /** Attack success rate on the validation prompts after this step, 0..1, where it was measured. */
  validation_asr: Schema.NullOr(Schema.Number),
  /** Over-refusal on the harmless validation prompts after this step, 0..1, where it was measured. */
  validation_overrefusal: Schema.NullOr(Schema.Number),
  /** KL divergence to the base model on harmless rows, nats per token. */
  kl: Schema.NullOr(Schema.Number),
  /** Share of preference pairs that are ordered rightly. */
  preference_accuracy: Schema.NullOr(Schema.Number),
});

const rows = Schema.Struct({
  /** `id` of the trace the row was made from. */
  trace_id: Schema.String,
  role: Schema.Literals(["selected", "harmless", "rejected"]),
  label: PromptLabel,
  split: Schema.Literals(["train", "eval"]),
  ids: Schema.Array(Schema.Int),
  /** Each token as text. */
  tokens: Schema.Array(Schema.String),
  /** `prompt`, `thinking`, `template` or `response`, per token. */
  regions: Schema.Array(Schema.String),
  /** Per token: 1 where predicting it counts in the loss, else 0. */
  loss_mask: Schema.Array(Schema.Int),
});

export const trainingTables = { steps, rows };

export const TrainingLog = Artifact.kind("training-log", {
  version: 2,
  description: "The course of a training of a model's own tensors, and every training row token by token",
  tables: trainingTables,
});

export type TrainingStep = typeof steps.Type;
export type TrainingRowTokens = typeof rows.Type;
