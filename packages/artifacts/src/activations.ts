/** Residual-stream (or other) activations at named sites and positions. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const activations = Schema.Struct({
  trace_id: Schema.String,
  /** TransformerLens name, e.g. `blocks.3.hook_resid_post`. */
  site: Schema.String,
  /** Name of the position, e.g. `final`. */
  position: Schema.String,
  /** Index of the token in the trace. */
  token_index: Schema.Int,
});

export const Activations = Artifact.kind("activations", {
  version: 1,
  description: "Activation vectors, one per trace, site and position",
  vectors: { activations },
});

export type Activation = typeof activations.Type;
