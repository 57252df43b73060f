/** Stage `cliff.score`: the refusal score at every token of every trace, and the cliffs that follow from it. */
import { Metrics, Model, modelFolder, Probe, Scores, selectedProbe, Traces } from "@precipice/artifacts";
import { Checkpoint, tokenScores } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { plateauEstimators } from "./plateau.ts";
import { sigmoid } from "./probe.ts";
import { scoreCliff } from "./score-cliff.ts";
import { regionOf } from "./spans.ts";

const config = Schema.Struct({
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become cliff.{name}.plateau …; default: no name" }),
  ),
  site: Schema.optionalKey(
    Schema.String.annotate({ description: "Site of the probe to use; default: the selected one" }),
  ),
  label: Schema.Literals(["harmful", "harmless", "any"])
    .annotate({ description: "Traces that are scored" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("harmful" as const))),
  plateau: Schema.Literals(plateauEstimators)
    .annotate({ description: "Estimator of the plateau over the thinking tokens" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("top-quartile" as const))),
  tokens: Schema.Boolean.annotate({ description: "Also write the score of every token" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(true)),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

export const cliffScore = Stage.make("cliff.score", {
  version: 1,
  description: "Scores refusal at every token of the traces: plateau, final score, cliff, mean curves",
  config,
  inputs: { model: Model, probe: Probe, traces: Traces },
  outputs: { scores: Scores, metrics: Metrics },
  run: Effect.fn("cliff.score")(function* ({ config, inputs, outputs, progress, log }) {
    const folder = yield* modelFolder(inputs.model);
    const traces = (yield* inputs.traces.rows("traces")).filter(
      (t) => config.label === "any" || t.label === config.label,
    );
    const probe = yield* selectedProbe(inputs.probe, config.site);
    if (traces.length === 0) {
      return yield* new StageError({
        code: "E_TRACES_EMPTY",
        message: `no trace is labelled ${config.label}`,
        remedy: "Set label to any, or add prompts",
      });
    }
    const [logits] = yield* attempt((signal) =>
      tokenScores(
        Checkpoint.open(folder),
        traces.map((t) => t.ids),
        [probe],
        { signal, onRows: (done, all) => progress(done, all, "traces") },
      ),
    );
    const scored = traces.map((trace, i) => ({
      id: trace.id,
      scores: Array.from(logits?.[i] as Float32Array, sigmoid),
      spans: {
        thinkingStart: trace.thinking_start,
        thinkingEnd: trace.thinking_end,
        responseStart: trace.response_start,
      },
    }));
    const result = yield* attempt(() => scoreCliff(scored, { plateau: config.plateau, seed: config.seed }));

    const { site } = probe;
    yield* outputs.scores.writeRows(
      "traces",
      traces.map(({ id, prompt_id, label, family, ids, tokens }, i) => {
        const cliff = result.traces[i] as (typeof result.traces)[number];
        const { plateau, final, cliff: score, fallIndex } = cliff;
        return {
          trace_id: id,
          prompt_id,
          label,
          family,
          site,
          plateau,
          final,
          cliff: score,
          fall_index: fallIndex,
          fall_token: fallIndex === null ? null : (tokens[fallIndex] ?? null),
          n_tokens: ids.length,
        };
      }),
    );
    yield* outputs.scores.writeRows(
      "tokens",
      config.tokens
        ? scored.flatMap(({ id, scores, spans }, i) =>
            scores.map((score, token_index) => ({
              trace_id: id,
              site,
              token_index,
              region: regionOf(spans, token_index),
              token: traces[i]?.tokens[token_index] ?? "",
              score,
            })),
          )
        : [],
    );
    yield* outputs.scores.writeRows(
      "curves",
      result.curves.map((point) => ({ site, ...point })),
    );

    const prefix = config.name === undefined ? "cliff" : `cliff.${config.name}`;
    const finite = (["plateau", "final", "cliff"] as const).filter((part) => Number.isFinite(result[part].value));
    yield* log(
      finite.map((part) => `${part} ${result[part].value.toFixed(3)}`).join(", ") +
        (result.missing > 0 ? `; ${result.missing} traces without a cliff` : ""),
    );
    yield* outputs.metrics.writeRows(
      "metrics",
      finite.map((part) => {
        const { value, lo, hi, n } = result[part];
        return { key: `${prefix}.${part}`, value, lo, hi, n };
      }),
    );
  }),
});
