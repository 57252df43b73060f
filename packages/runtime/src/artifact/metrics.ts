/** The one kind the runtime itself understands: named numbers, which a run collects into its summary. */
import * as Schema from "effect/Schema";
import { kind } from "./kind.ts";

/** `lo` and `hi` are the ends of a 95 % confidence interval, null without one, `n` the sample size. Keys are unique within a run. */
export const Metrics = kind("metrics", {
  version: 1,
  description: "Named numbers with their 95 % confidence intervals",
  tables: {
    metrics: Schema.Struct({
      key: Schema.String,
      value: Schema.Number,
      lo: Schema.NullOr(Schema.Finite),
      hi: Schema.NullOr(Schema.Finite),
      n: Schema.NullOr(Schema.Int),
    }),
  },
});
