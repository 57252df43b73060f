/** Attention heads by what they write along the probe's direction at the final position. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const heads = Schema.Struct({
  /** From 0. */
  layer: Schema.Int,
  /** From 0. */
  head: Schema.Int,
  /** Mean over traces of (W_O z)·w / ‖w‖ in the probe's own space (norm gain and scale folded in). */
  contribution: Schema.Number,
  /** The same without folding. */
  contribution_raw: Schema.Number,
  /** 95 % interval of `contribution`; null with a single trace. */
  lo: Schema.NullOr(Schema.Number),
  hi: Schema.NullOr(Schema.Number),
  /** 1 is the most suppressing head (the most negative contribution). */
  rank: Schema.Int,
  /** Change of the final score when this head alone is ablated; null where not measured. */
  causal_delta: Schema.NullOr(Schema.Number),
  /** Whether a known cause was planted in this head; null for models without ground truth. */
  planted: Schema.NullOr(Schema.Boolean),
  /** Traces averaged over. */
  n: Schema.Int,
});

export const Heads = Artifact.kind("heads", {
  version: 1,
  description: "Attention heads ranked by how they suppress refusal",
  tables: { heads },
});

export type Head = typeof heads.Type;
