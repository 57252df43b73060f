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
   * `asr`, `asr.{set}`, `overrefusal`, `capability`, `rows`, `tokens`, `trained_tokens`, `steps`, `seconds`, `kl`,
   * `cross_entropy`, `perplexity`, `adapter_norm`, `adapter_rank`, `plateau`, `final`, `cliff`.
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
  lo: Schema.Number,
  hi: Schema.Number,
  n: Schema.Int,
});

const conclusions = Schema.Struct({
  model: Schema.String,
  /** A sentence made from the numbers. */
  text: Schema.String,
});

export const RepairStudy = Artifact.kind("repair-study", {
  version: 1,
  description: "Repairs compared by how their rows were chosen, at each budget, and what follows",
  tables: { points, differences, conclusions },
});

export type StudyPoint = typeof points.Type;
export type StudyDifference = typeof differences.Type;
