/**
 * Refusal probes: p(refuse) = sigmoid(w·h + b) at one site, with how well each does on
 * prompts it was not trained on. Row i of `weights` is the w of site i.
 */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const probes = Schema.Struct({
  /** Where the probe reads, e.g. `blocks.3.hook_resid_post`. */
  site: Schema.String,
  /** Position it was trained at, e.g. `final`. */
  position: Schema.String,
  /** How it was fitted: `logistic`, `difference-in-means` … */
  method: Schema.String,
  bias: Schema.Number,
  /** Share right at p = 0.5 on the rows it was fitted to. */
  accuracy_train: Schema.NullOr(Schema.Number),
  /** The same on held-out folds, pooled. */
  accuracy_heldout: Schema.NullOr(Schema.Number),
  auroc_heldout: Schema.NullOr(Schema.Number),
  /** Expected calibration error, ten equal bins. */
  ece_heldout: Schema.NullOr(Schema.Number),
  n_train: Schema.Int,
  n_heldout: Schema.Int,
  /** Exactly one row is true: the probe that later stages use. */
  selected: Schema.Boolean,
});

const weights = Schema.Struct({
  site: Schema.String,
});

export const Probe = Artifact.kind("probe", {
  version: 1,
  description: "Linear refusal probes, one per site, one of them selected",
  tables: { probes },
  vectors: { weights },
});

export type ProbeRow = typeof probes.Type;
export type ProbeWeight = typeof weights.Type;
