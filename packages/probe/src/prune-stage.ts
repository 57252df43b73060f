/** Stage `cliff.prune`: less and less thinking, scored again and answered again. */
import {
  generationFields,
  generationParts,
  labelledTraces,
  Metrics,
  Model,
  openModel,
  Probe,
  Prunings,
  selectedProbe,
  type Trace,
  TraceLabel,
  Traces,
  traceRow,
} from "@precipice/artifacts";
import {
  Checkpoint,
  chatFields,
  chooseParallelism,
  estimateGeneration,
  Generator,
  promptIds,
  writeTraces,
} from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { chunk } from "./chunk.ts";
import { plateauEstimators } from "./plateau.ts";
import { type Pruned, prunedCliffs, pruneTraces, pruningSummary } from "./prune.ts";
import { scoreTokens } from "./score-traces.ts";

const share = Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 100 }));

const config = Schema.Struct({
  name: Schema.String.annotate({
    description: "Metric keys become cliff.{name}.final.50 …, arms {name}_50pct",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed("prune"))),
  keep: Schema.NonEmptyArray(share)
    .annotate({ description: "Per cent of the thinking tokens to keep, from the first on" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([100, 80, 60, 40, 20, 0] as const))),
  label: TraceLabel.annotate({ description: "Traces that are pruned" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("harmful" as const)),
  ),
  plateau: Schema.Literals(plateauEstimators)
    .annotate({ description: "Estimator of the plateau over what is kept of the thinking" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("top-quartile" as const))),
  generate: Schema.Boolean.annotate({ description: "Also let the model answer after each pruning" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(true)),
  ),
  chunk,
  ...generationFields,
  ...chatFields,
});

/**
 * Traces whose thinking never closed are left out. Answers come as traces of an arm per share, ready for trace.judge and
 * trace.evaluate. Chat keys must be those the traces were generated with. Codes: E_TRACES_EMPTY, E_PRUNE_PROMPT (another
 * rendering), E_PRUNE_DUPLICATE (a prompt and draw twice).
 */
export const cliffPrune = Stage.make("cliff.prune", {
  version: 2,
  description: "Keeps 100 to 0 % of the thinking, scores the final position again and lets the model answer again",
  config,
  inputs: { model: Model, probe: Probe, traces: Traces },
  outputs: { prunings: Prunings, traces: Traces, metrics: Metrics },
  estimate: (config, { model, traces }) =>
    attempt(() => {
      const rows = traces.rows === undefined ? undefined : traces.rows * new Set(config.keep).size;
      if (!config.generate) return rows === undefined ? {} : { rows };
      return {
        ...estimateGeneration(config, model.facts?.["folder"], rows),
        facts: { maxNewTokens: config.maxNewTokens },
      };
    }),
  threads: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("cliff.prune")(function* ({ config, inputs, outputs, progress, log }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const labelled = yield* labelledTraces(inputs.traces, config.label);
    const traces = labelled.filter(({ response_start }) => response_start !== null);
    if (traces.length < labelled.length)
      yield* log(
        `${labelled.length - traces.length} of ${labelled.length} traces left out: their thinking never closed`,
      );
    if (traces.length === 0) {
      return yield* new StageError({
        code: "E_TRACES_EMPTY",
        message: `no ${config.label} trace reached a response, so there is nothing to prune`,
        remedy: "Raise maxNewTokens of the generation, or set label to any",
      });
    }
    yield* checkDistinct(traces);
    const probe = yield* selectedProbe(inputs.probe);
    const pruned = pruneTraces(traces, [...new Set(config.keep)]);

    const [scores = []] = yield* attempt((signal) =>
      scoreTokens(
        checkpoint,
        pruned.map(({ ids }) => ids),
        [probe],
        { chunk: config.chunk, signal, onRows: (done, all) => progress(done, all, "traces", "scored") },
      ),
    );
    const rows = prunedCliffs(traces, pruned, scores, config);
    const summary = pruningSummary(rows, config.seed);
    yield* outputs.prunings.writeRows("prunings", rows);
    yield* outputs.prunings.writeRows("summary", summary);

    const written = config.generate
      ? yield* attempt((signal) =>
          answer(checkpoint, traces, pruned, config, signal, (done, tokens) =>
            progress(done, pruned.length, "rows", `${tokens} tokens`),
          ),
        )
      : [];
    yield* outputs.traces.writeRows("traces", written);
    const finals = summary
      .filter(({ part }) => part === "final")
      .map(({ keep, value }) => `${keep} %: ${value.toFixed(3)}`);
    yield* log(`final score of ${traces.length} traces by thinking kept: ${finals.join(", ")}`);
    yield* outputs.metrics.writeRows(
      "metrics",
      summary.map(({ keep, part, value, lo, hi, n }) => ({
        key: `cliff.${config.name}.${part}.${keep}`,
        value,
        lo,
        hi,
        n,
      })),
    );
  }),
});

const checkDistinct = Effect.fnUntraced(function* (traces: ReadonlyArray<Trace>) {
  const seen = new Set<string>();
  for (const { id, prompt_id, draw } of traces) {
    const key = JSON.stringify([prompt_id, draw]);
    if (seen.has(key))
      return yield* new StageError({
        code: "E_PRUNE_DUPLICATE",
        message: `trace ${id} is a second one of prompt ${prompt_id}, draw ${draw}`,
        remedy: "Prune the traces of one arm at a time",
      });
    seen.add(key);
  }
});

/** New answers behind what was kept, in the order of `pruned`. */
const answer = async (
  checkpoint: Checkpoint,
  traces: ReadonlyArray<Trace>,
  pruned: ReadonlyArray<Pruned>,
  options: typeof config.Type,
  signal: AbortSignal,
  onProgress: (rows: number, tokens: number) => void,
): Promise<ReadonlyArray<Trace>> => {
  const { request, generator: settings, parallelism } = generationParts(options);
  const begun = pruned.map(({ row, ids }) => {
    const trace = traces[row] as Trace;
    const rendered = promptIds(checkpoint, trace.prompt, options);
    if (rendered.length > trace.thinking_start || rendered.some((id, i) => trace.ids[i] !== id))
      throw new StageError({
        code: "E_PRUNE_PROMPT",
        message: `trace ${trace.id} does not begin with its prompt as this model and these chat keys render it`,
        remedy: "Give the model, system, templateVars, bos and reasoning that the traces were generated with",
      });
    return { id: trace.id, prompt: trace.prompt, begun: ids.slice(rendered.length) };
  });
  const longest = pruned.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const { workers, threads } = await chooseParallelism(checkpoint, { ...settings, ...parallelism, rows: begun.length });
  const maxTokens = Math.min(checkpoint.config.maxPositions, longest + options.maxNewTokens);
  await using generator = await Generator.open(checkpoint, { ...settings, workers, threads, maxTokens });
  const written = await writeTraces(checkpoint, generator, begun, { ...request, chat: options, signal, onProgress });
  return written.map((one, i) => {
    const { row, keep } = pruned[i] as Pruned;
    const { prompt_id, prompt, label, family, draw } = traces[row] as Trace;
    return traceRow({ id: prompt_id, prompt, label, family }, one, `${options.name}_${keep}pct`, draw, options.seed);
  });
};
