/** Stage `heads.benchmark`: which attribution method finds the planted heads, over several plantings. */
import { AttributionBenchmark, HeadEffects, Metrics } from "@precipice/artifacts";
import { attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { recoveryOf } from "./recovery.ts";

const config = Schema.Struct({
  maxK: Schema.Int.check(Schema.isGreaterThan(0))
    .annotate({ description: "Precision and recall are given for the first 1 to this many heads" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(32))),
  prefix: Schema.String.annotate({ description: "Metric keys become {prefix}.recall_at_planted …" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("heads")),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap over plantings" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

export const headsBenchmark = Stage.make("heads.benchmark", {
  version: 2,
  description: "Scores attribution methods against planted heads: precision and recall at k, mean over plantings",
  config,
  inputs: { effects: Stage.many(HeadEffects) },
  outputs: { benchmark: AttributionBenchmark, metrics: Metrics },
  run: Effect.fn("heads.benchmark")(function* ({ config, inputs, outputs, log }) {
    const models = yield* Effect.forEach(inputs.effects, (reader) => reader.rows("effects"));
    const recoveries = yield* attempt(() => recoveryOf(models, config));
    yield* outputs.benchmark.writeRows(
      "curves",
      recoveries.flatMap(({ points }) => points),
    );
    const rows = recoveries.map(({ target, method, atPlanted }) => {
      const name = target === "probe" ? method : `${target}.${method}`;
      return {
        key: `${config.prefix}.${name === "direct" ? "" : `${name}.`}recall_at_planted`,
        ...atPlanted,
      };
    });
    for (const { key, value } of rows) yield* log(`${key}: ${value.toFixed(3)} over ${models.length} plantings`);
    yield* outputs.metrics.writeRows("metrics", rows);
  }),
});
