/** Stage `thinking.profile`: length of thinking and chosen words in it, apart for refused and answered requests. */
import { Traces, Verdicts } from "@precipice/artifacts";
import { Artifact, Metrics, Stage, StageError } from "@precipice/runtime";
import { bootstrapMean } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { profileOf } from "./profile.ts";

export const Profile = Artifact.kind("thinking-profile", {
  version: 1,
  description: "Length of thinking and words counted in it, per trace",
  tables: {
    profile: Schema.Struct({
      /** `id` of the trace. */
      trace_id: Schema.String,
      /** Tokens between the markers of thinking. */
      tokens: Schema.Int,
      hits: Schema.Int,
      refused: Schema.Boolean,
    }),
  },
});

export const thinkingProfile = Stage.make("thinking.profile", {
  version: 1,
  description: "Length of thinking and words in it, for refused and answered requests",
  config: Schema.Struct({
    words: Schema.Array(Schema.String.check(Schema.isMinLength(1))).annotate({
      description: "Words to count, in any case",
    }),
    seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
      Schema.withDecodingDefaultKey(Effect.succeed(0)),
    ),
  }),
  inputs: { traces: Traces, verdicts: Verdicts },
  outputs: { profile: Profile, metrics: Metrics },
  run: Effect.fn("thinking.profile")(function* ({ config, inputs, outputs }) {
    const traces = yield* inputs.traces.rows("traces");
    const verdicts = new Map((yield* inputs.verdicts.rows("verdicts")).map((row) => [row.trace_id, row]));
    const judged = traces.filter(({ id }) => verdicts.get(id)?.verdict !== "error" && verdicts.has(id));
    if (judged.length === 0) {
      const remedy = "Wire the verdicts of the same traces; unclosed traces have none.";
      return yield* new StageError({ code: "E_NO_VERDICTS", message: "no trace has a verdict", remedy });
    }
    const rows = profileOf(judged, config.words).map((row) => ({
      ...row,
      refused: verdicts.get(row.trace_id)?.refused === true,
    }));
    yield* outputs.profile.writeRows("profile", rows);
    const groups = [
      ["refused", rows.filter(({ refused }) => refused)],
      ["answered", rows.filter(({ refused }) => !refused)],
    ] as const;
    yield* outputs.metrics.writeRows(
      "metrics",
      groups.flatMap(([name, group]) =>
        group.length === 0
          ? []
          : (["tokens", "hits"] as const).map((column) => {
              const values = group.map((row) => row[column]);
              return { key: `thinking.${column}.${name}`, ...bootstrapMean(values, { seed: config.seed }) };
            }),
      ),
    );
  }),
});
