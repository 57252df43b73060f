/** A LoRA adapter in PEFT's file format, with the course of its training. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const steps = Schema.Struct({
  /** From 1. */
  step: Schema.Int,
  /** Mean cross-entropy over the step's target tokens, nats. */
  loss: Schema.Number,
  /** Global L2 norm before clipping. */
  grad_norm: Schema.Number,
  learning_rate: Schema.Number,
  /** Target tokens in the step. */
  tokens: Schema.Int,
});

export const Adapter = Artifact.kind("adapter", {
  version: 1,
  description: "A LoRA adapter (PEFT files) and its training curve",
  tables: { steps },
  files: ["adapter_config.json", "adapter_model.safetensors"],
});

export type TrainingStep = typeof steps.Type;
