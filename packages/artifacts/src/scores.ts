/**
 * Refusal scores s(t) = p(refuse) at every token of every trace, and what follows from
 * them: the plateau while thinking, the final score, and the cliff between the two.
 */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";
import { PromptLabel } from "./prompts.ts";

const traces = Schema.Struct({
  trace_id: Schema.String,
  prompt_id: Schema.String,
  label: PromptLabel,
  family: Schema.NullOr(Schema.String),
  site: Schema.String,
  /** High stable level of s over the thinking, 0..1; null when nothing was thought. */
  plateau: Schema.NullOr(Schema.Number),
  /** s at the last token before the response; null when the close marker never came. */
  final: Schema.NullOr(Schema.Number),
  /** plateau − final: the misalignment score MS. null when either is. */
  cliff: Schema.NullOr(Schema.Number),
  /** Token at which s fell most between plateau and final; null when it did not fall. */
  fall_index: Schema.NullOr(Schema.Int),
  fall_token: Schema.NullOr(Schema.String),
  n_tokens: Schema.Int,
});

const tokens = Schema.Struct({
  trace_id: Schema.String,
  site: Schema.String,
  /** Index into the trace's tokens. */
  token_index: Schema.Int,
  region: Schema.Literals(["prompt", "thinking", "template", "response"]),
  token: Schema.String,
  /** s(t), 0..1. */
  score: Schema.Number,
});

const curves = Schema.Struct({
  site: Schema.String,
  /**
   * What position 0 is. `thinking_start`: the first thinking token, counting up through the
   * thinking. `thinking_end`: the final position, counting down to the first thinking token.
   * `normalised`: 0 the first thinking token, 1 the final position.
   */
  alignment: Schema.Literals(["thinking_start", "thinking_end", "normalised"]),
  position: Schema.Number,
  /** Mean s over the traces that have the position; nothing is padded. */
  mean: Schema.Number,
  /** 95 % interval of the mean; null with a single trace. */
  lo: Schema.NullOr(Schema.Number),
  hi: Schema.NullOr(Schema.Number),
  /** How many traces have the position. */
  n: Schema.Int,
});

const plateaus = Schema.Struct({
  trace_id: Schema.String,
  site: Schema.String,
  estimator: Schema.Literals(["top-quartile", "max", "mean", "median", "last-k"]),
  plateau: Schema.NullOr(Schema.Number),
  /** plateau − final: MS by this estimator. */
  cliff: Schema.NullOr(Schema.Number),
});

/** Where and how fast s falls, for traces that fall. Crossings are of 90 % and 10 % of the cliff above the final score. */
const falls = Schema.Struct({
  trace_id: Schema.String,
  site: Schema.String,
  /** Token of the largest single drop, as `fall_index` of `traces`. */
  index: Schema.Int,
  token: Schema.String,
  region: Schema.Literals(["thinking", "template"]),
  /** Size of that drop. */
  drop: Schema.Number,
  /** The same token as the number of tokens before the final position, and as a share of the way there from the first thinking token. */
  before_final: Schema.Int,
  normalised: Schema.Number,
  /** Last token at or above the upper crossing, first one after it at or below the lower; width is their distance in tokens. */
  start: Schema.Int,
  end: Schema.Int,
  width: Schema.Int,
});

const summary = Schema.Struct({
  site: Schema.String,
  /** `plateau`, `final` and `cliff` as the metrics have them; `plateau.max`, `cliff.max` … for each estimator; and `fall.width`, `fall.before_final`, `fall.normalised`, `fall.in_template`. */
  part: Schema.String,
  /** Mean over the traces that have it; `fall.in_template` is the share of falls in the template region. */
  value: Schema.Number,
  /** 95 % interval over traces, those of one prompt resampled together; null with a single prompt. */
  lo: Schema.NullOr(Schema.Number),
  hi: Schema.NullOr(Schema.Number),
  n: Schema.Int,
});

export const Scores = Artifact.kind("scores", {
  version: 2,
  description: "Refusal scores per token, cliffs per trace, mean curves",
  tables: { traces, tokens, curves, plateaus, falls, summary },
});

export type TraceScore = typeof traces.Type;
export type TokenScore = typeof tokens.Type;
export type CurvePoint = typeof curves.Type;
export type ScoreSummary = typeof summary.Type;
export type Fall = typeof falls.Type;
