/** Stage `trace.generate`: a reasoning trace per prompt, by a checkpoint in this process or on a server. */
import {
  generationFields,
  generationParts,
  Metrics,
  Model,
  modelFolder,
  Prompts,
  Traces,
  traceRow,
} from "@precipice/artifacts";
import {
  Checkpoint,
  chatFields,
  chooseParallelism,
  estimateGeneration,
  Generator,
  limitFields,
  reasoningOf,
  roomFor,
  writeTraces,
} from "@precipice/model";
import { attempt, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { describeReasoning, describeStates } from "./describe-traces.ts";
import { Backend, checkBackend } from "./remote/backend-config.ts";
import { mapRemote } from "./remote/remote-traces.ts";
import { measureUsage } from "./remote/usage.ts";

const config = Schema.Struct({
  arm: Schema.String.annotate({ description: "Name of this variant in verdicts and metrics" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("base")),
  ),
  ...generationFields,
  ...limitFields,
  ...chatFields,
  backend: Schema.optionalKey(
    Backend.annotate({
      description:
        "Let an OpenAI-compatible server write: { url, model }. The model input stays: its tokenizer and template cut the traces",
    }),
  ),
  metrics: Schema.optionalKey(
    Schema.String.check(Schema.isMinLength(1)).annotate({
      description: "Prefix of metric keys with a backend, e.g. generate: generate.completion_tokens; default: none",
    }),
  ),
  onError: Stage.onError,
});

/**
 * Text depends on prompt, model and seed alone, not on batch, workers or memory. Thinking is found by the markers of the
 * checkpoint's chat template, or by `reasoning`; a template that shows none is an error that says so. With a `backend` each reply
 * is kept as it comes; a row whose request fails for good fails the stage, or with `onError: skip` is a line in `failures`.
 * Codes: E_BACKEND, E_SERVER_….
 */
export const traceGenerate = Stage.make("trace.generate", {
  version: 3,
  description: "Generates thinking and response for every prompt",
  config,
  inputs: { model: Model, prompts: Prompts },
  outputs: { traces: Traces, metrics: Metrics },
  estimate: (config, { model, prompts }) =>
    attempt(() => {
      const facts = { maxNewTokens: config.maxNewTokens };
      if (config.backend === undefined)
        return { ...estimateGeneration(config, model.facts?.["folder"], prompts.rows), facts };
      checkBackend(config);
      return { ...(prompts.rows === undefined ? {} : { rows: prompts.rows }), facts, note: "written by a server" };
    }),
  threads: ({ backend, workers, threads }) => {
    if (backend !== undefined) return 1;
    return workers === undefined ? Number.POSITIVE_INFINITY : workers * (threads ?? 1);
  },
  run: Effect.fn("trace.generate")(function* ({ config, inputs, outputs, log, mapRows, scratch }) {
    const prompts = yield* inputs.prompts.rows("prompts");
    const folder = yield* modelFolder(inputs.model);
    const { arm, seed, backend } = config;
    if (backend !== undefined) {
      yield* attempt(() => checkBackend(config));
      const mapped = yield* mapRemote(mapRows, prompts, { backend, config, folder, scratch, log });
      const traces = yield* mapped.rows("traces");
      const used = measureUsage(yield* mapped.rows("usage"), config.metrics, backend.pricePerMillion);
      for (const line of used.lines) yield* log(line);
      const ended = describeStates(traces);
      if (ended !== undefined) yield* log(ended);
      yield* outputs.traces.writeRows("traces", traces);
      return yield* outputs.metrics.writeRows("metrics", used.metrics);
    }
    const { request, generator: settings, parallelism } = generationParts(config);
    const mapped = yield* mapRows({
      kind: Traces,
      rows: prompts,
      id: (prompt) => prompt.id,
      port: "prompts",
      rowsPerShard: 64,
      onError: config.onError,
      open: Effect.gen(function* () {
        const checkpoint = yield* attempt(() => Checkpoint.open(folder));
        const { workers, threads, reason } = yield* attempt(() =>
          chooseParallelism(checkpoint, { ...settings, ...parallelism, rows: prompts.length }),
        );
        yield* log(yield* attempt(() => describeReasoning(reasoningOf(checkpoint, config))));
        yield* log(`generation: ${reason}`);
        const maxTokens = roomFor(checkpoint.config, config.maxNewTokens);
        const generator = yield* Effect.acquireRelease(
          attempt(() => Generator.open(checkpoint, { ...settings, workers, threads, maxTokens })),
          (opened) => Effect.promise(() => opened.close()),
        );
        return { checkpoint, generator };
      }),
      run: ({ checkpoint, generator }, rows, { emit, detail }) =>
        attempt(async (signal) => {
          await writeTraces(checkpoint, generator, rows, {
            ...request,
            maxThinkingTokens: config.maxThinkingTokens,
            maxAnswerTokens: config.maxAnswerTokens,
            chat: config,
            signal,
            onTrace: (i, trace) => {
              emit(i, { traces: [traceRow(rows[i] as (typeof rows)[number], trace, arm, 0, seed)] });
            },
            onProgress: (done, tokens, finished) =>
              detail(
                `${tokens} tokens`,
                done === 0 ? undefined : { done: tokens, perRow: finished / done, unfinished: tokens - finished },
              ),
          });
        }),
    });
    const traces = yield* mapped.rows("traces");
    const ended = describeStates(traces);
    if (ended !== undefined) yield* log(ended);
    yield* outputs.traces.writeRows("traces", traces);
    yield* outputs.metrics.writeRows("metrics", []);
  }),
});
