/** Repairs compared: what came of training on each selection, at each budget, over several seeds. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const points = Schema.Struct({
  /** "" for the study's main model. */
  model: Schema.String,
  /** How rows were chosen, as in metric keys: `ms`, `random` … */
  method: Schema.String,
  /** Share of the pool, in percent. */
  percent: Schema.Number,
  /**
   * `asr`, `asr.{set}`, `overrefusal`, `capability`, `error_rate`, `rows`, `tokens`, `trained_tokens`, `steps`, `seconds`, `joules`, `kl`,
   * `cross_entropy`, `perplexity`, `exact_match`, each of these three `_before`, `adapter_norm`, `adapter_rank`, `plateau`, `final`,
   * `cliff`; `repaired`, the share of trainings whose validation ASR came down to the target, and `steps_to_repair` of those.
   */
  measure: Schema.String,
  /** Mean over seeds. */
  value: Schema.Number,
  /** 95 % interval over prompts and seeds for rates; the outermost ends of the seeds' own intervals for what has one per seed. */
  lo: Schema.NullOr(Schema.Number),
  hi: Schema.NullOr(Schema.Number),
  /** Judged responses, or seeds. */
  n: Schema.Int,
});

const differences = Schema.Struct({
  model: Schema.String,
  percent: Schema.Number,
  /** value = measure of `method` − measure of `against`, paired by prompt and seed. */
  method: Schema.String,
  against: Schema.String,
  against_percent: Schema.Number,
  measure: Schema.Literals(["asr", "overrefusal", "capability"]),
  value: Schema.Number,
  /** null of a single prompt. */
  lo: Schema.NullOr(Schema.Number),
  hi: Schema.NullOr(Schema.Number),
  n: Schema.Int,
});

const curves = Schema.Struct({
  model: Schema.String,
  method: Schema.String,
  percent: Schema.Number,
  /** Optimizer steps, from 1. */
  step: Schema.Int,
  /** Attack success rate on the validation prompts after the step: mean, lowest and highest over seeds. */
  asr: Schema.Number,
  lo: Schema.Number,
  hi: Schema.Number,
  /** Over-refusal there, mean over seeds. */
  overrefusal: Schema.NullOr(Schema.Number),
  /** Seeds. */
  n: Schema.Int,
});

const conclusions = Schema.Struct({
  model: Schema.String,
  /** The budget that is concluded on, in percent of the pool. */
  percent: Schema.Number,
  /** A sentence made from the numbers. */
  text: Schema.String,
});

export const RepairStudy = Artifact.kind("repair-study", {
  version: 3,
  description: "Repairs compared by how their rows were chosen, at each budget, and what follows",
  tables: { points, differences, curves, conclusions },
});

export type StudyPoint = typeof points.Type;
export type StudyDifference = typeof differences.Type;
export type StudyCurvePoint = typeof curves.Type;
