/** Stage `model.compare`: what a repair did to a model elsewhere, on text the model should still write. */

import { labelledTraces, Metrics, Model, openModel, Prompts, TraceLabel, Traces } from "@precipice/artifacts";
import { referenceText } from "@precipice/judge";
import { Checkpoint, compareText } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { bootstrapMean, type Estimate, wilson } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const config = Schema.Struct({
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become compare.{name}.kl …; default: no name" }),
  ),
  label: TraceLabel.annotate({ description: "Traces whose text is read" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmless" as const)),
  ),
  from: Schema.Literals(["thinking", "response"])
    .annotate({ description: "Where the tokens that are predicted begin" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("thinking" as const))),
  maxTraces: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThan(0)).annotate({ description: "Read the first n traces only" }),
  ),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

/**
 * `traces` are texts, as a rule those the model wrote before; both models read them. `answers` are what the model writes now:
 * with `prompts` that have references, the share of equal answers is the exact match, of `traces` that before. Metrics `compare.{name}.kl` (nats per
 * token, before ‖ after), `.cross_entropy`, `.cross_entropy_before`, `.perplexity`, `.perplexity_before`, `.exact_match` and
 * `.exact_match_before`.
 * Codes: E_COMPARE_EMPTY, and those of the models.
 */
export const modelCompare = Stage.make("model.compare", {
  version: 2,
  description: "Compares two models on text both should write: KL divergence, cross-entropy, exact match",
  config,
  inputs: {
    before: Model,
    after: Model,
    traces: Traces,
    answers: Stage.optional(Traces),
    prompts: Stage.optional(Prompts),
  },
  outputs: { metrics: Metrics },
  run: Effect.fn("model.compare")(function* ({ config, inputs, outputs, progress, log }) {
    const before = yield* openModel(inputs.before, (folder) => Checkpoint.open(folder));
    const after = yield* openModel(inputs.after, (folder) => Checkpoint.open(folder));
    const all = yield* labelledTraces(inputs.traces, config.label);
    const start = (trace: (typeof all)[number]): number =>
      config.from === "thinking" ? trace.thinking_start : (trace.response_start ?? trace.ids.length);
    const texts = all.filter((trace) => start(trace) < trace.ids.length).slice(0, config.maxTraces);
    if (texts.length === 0) {
      return yield* new StageError({
        code: "E_COMPARE_EMPTY",
        message: `None of the ${all.length} traces labelled ${config.label} has a ${config.from} to read`,
        remedy: "Give traces of harmless prompts that the model answered, or set label: any",
      });
    }
    const compared = yield* attempt((signal) =>
      compareText(
        before,
        after,
        texts.map(({ ids }) => ids),
        texts.map(start),
        { signal, onRows: (done, total) => progress(done, total, "traces") },
      ),
    );
    const groups = texts.map((trace) => trace.prompt_id);
    const over = (values: Float64Array, name: string): Estimate =>
      bootstrapMean(values, { seed: `${config.seed}/${name}`, groups, method: "percentile" });
    const perplexity = ({ value, lo, hi, n }: Estimate): Estimate => ({
      value: Math.exp(value),
      lo: lo === null ? null : Math.exp(lo),
      hi: hi === null ? null : Math.exp(hi),
      n,
    });
    const entropy = { before: over(compared.before, "before"), after: over(compared.after, "after") };
    const prompts = inputs.prompts === undefined ? [] : yield* inputs.prompts.rows("prompts");
    const match =
      inputs.answers === undefined
        ? undefined
        : exactMatch(yield* labelledTraces(inputs.answers, config.label), prompts);
    const matchBefore = match === undefined ? undefined : exactMatch(all, prompts);
    const found: Readonly<Record<string, Estimate>> = {
      kl: over(compared.kl, "kl"),
      cross_entropy: entropy.after,
      cross_entropy_before: entropy.before,
      perplexity: perplexity(entropy.after),
      perplexity_before: perplexity(entropy.before),
      ...(match === undefined ? {} : { exact_match: match }),
      ...(matchBefore === undefined ? {} : { exact_match_before: matchBefore }),
    };
    const prefix = config.name === undefined ? "compare" : `compare.${config.name}`;
    yield* log(
      `${texts.length} texts: KL ${found["kl"]?.value.toFixed(4)} nats per token, cross-entropy ${entropy.before.value.toFixed(4)} → ${entropy.after.value.toFixed(4)}`,
    );
    yield* outputs.metrics.writeRows(
      "metrics",
      Object.entries(found).map(([key, estimate]) => ({ key: `${prefix}.${key}`, ...estimate })),
    );
  }),
});

/** Share of answers that are their prompt's reference but for case and white space; undefined when no prompt has one. */
const exactMatch = (
  answers: ReadonlyArray<{ readonly prompt_id: string; readonly response: string }>,
  prompts: ReadonlyArray<{ readonly id: string; readonly reference: string | null }>,
): Estimate | undefined => {
  const plain = (text: string) => text.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase();
  const references = new Map(
    prompts.flatMap(({ id, reference }) => {
      const response = referenceText(reference);
      return response === null ? [] : [[id, plain(response)]];
    }),
  );
  const known = answers.filter(({ prompt_id }) => references.has(prompt_id));
  if (known.length === 0) return undefined;
  return wilson(
    known.filter(({ prompt_id, response }) => plain(response) === references.get(prompt_id)).length,
    known.length,
  );
};
