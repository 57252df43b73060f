/** Which traces to train on, and why each was taken or left. Every row of the pool is present. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const selection = Schema.Struct({
  trace_id: Schema.String,
  prompt_id: Schema.String,
  /** Place in the ranking, from 1; rows without a score come last. */
  rank: Schema.Int,
  /** How it was chosen: a method of `select.rank`, such as `misalignment` or `random`. */
  method: Schema.String,
  /** What was ranked by; null when the method uses no score or the row has none. */
  score: Schema.NullOr(Schema.Number),
  selected: Schema.Boolean,
  /** Whether the row is one that the budget is a share of: false with another label than the pool's, and for a duplicate. */
  in_pool: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  /** Why, in a few words. */
  reason: Schema.String,
});

export const Selection = Artifact.kind("selection", {
  version: 2,
  description: "The ranked pool, with the rows picked for training",
  tables: { selection },
});

export type Selected = typeof selection.Type;
