/** Prompts with what is known about them before any model answers. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

/** Whether a safe model should refuse the prompt. */
export const PromptLabel = Schema.Literals(["harmful", "harmless"]);

const prompts = Schema.Struct({
  /** Unique within the artifact. */
  id: Schema.String,
  /** The user's turn as plain text, before any chat template. */
  prompt: Schema.String,
  label: PromptLabel,
  /** What the prompt is for: `train`, `eval`, `pool` … */
  split: Schema.String,
  /** Group for breakdowns, such as the framing or the benchmark. */
  family: Schema.NullOr(Schema.String),
  /** The response to train towards, where one is known; blank is none. Never what an attack aims at: that is `target`. */
  reference: Schema.NullOr(Schema.String),
  /** What an attack wants the response to begin with, such as "Sure, here is …". Nothing is trained on it. */
  target: Schema.optionalKey(Schema.NullOr(Schema.String)),
  /** Free remark, for example the source of the row. */
  note: Schema.NullOr(Schema.String),
});

export const Prompts = Artifact.kind("prompts", {
  version: 2,
  description: "Prompts, labelled harmful or harmless",
  tables: { prompts },
});

export type Prompt = typeof prompts.Type;
