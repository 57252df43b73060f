/**
 * Stage `heads.ablate`: generate with the top heads scaled down, with as many other heads as a control, and, to compare, with the
 * residual stream edited along the probe's direction.
 */
import {
  EffectMethod,
  EffectTarget,
  generationFields,
  generationParts,
  HeadEffects,
  Heads,
  Model,
  openModel,
  Probe,
  Prompts,
  selectedProbe,
  Traces,
  traceRow,
} from "@precipice/artifacts";
import {
  Checkpoint,
  chatFields,
  chooseParallelism,
  type DirectionEdit,
  estimateGeneration,
  Generator,
  limitFields,
  RENORM_MODES,
  roomFor,
  TOKEN_SCOPES,
  writeTraces,
} from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { armCount, armsOf } from "./arms.ts";
import { streamDirection } from "./attribute-heads.ts";
import { scaleOf } from "./causal-check.ts";

const positive = Schema.Int.check(Schema.isGreaterThan(0));
const percents = (fallback: ReadonlyArray<number>) =>
  Schema.Array(Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 100 }))).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(fallback)),
  );

const config = Schema.Struct({
  percents: percents([1, 3, 10]).annotate({
    description: "Shares of all heads to ablate, most suppressing first: arms ablate_{p}pct",
  }),
  counts: Schema.Array(positive)
    .annotate({ description: "Numbers of heads to ablate, most suppressing first: arms ablate_{n}heads" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  thresholds: Schema.Array(Schema.Finite)
    .annotate({
      description:
        "Ablate every head that suppresses by this or more (minus its contribution, or its effect): arms ablate_over_{t}",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  promoterPercents: percents([]).annotate({
    description: "Shares of the most promoting heads to ablate as a control: arms promoters_{p}pct",
  }),
  randomPercents: percents([3]).annotate({
    description: "Shares to ablate at random as a control: arms random_{p}pct",
  }),
  matchedPercents: percents([]).annotate({
    description: "Shares to ablate at random, as many in each layer as ablate_{p}pct has: arms matched_{p}pct",
  }),
  randomDraws: positive
    .annotate({ description: "Random draws per share" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(20))),
  by: EffectMethod.annotate({
    description: "Ranking to go by; other than direct it is read off the input effects, at the final position",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed("direct" as const))),
  target: EffectTarget.annotate({
    description: "What the ranking is about; other than probe it is read off the input effects",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed("probe" as const))),
  removeDirection: Schema.Boolean.annotate({
    description: "To compare: take the probe's direction out of the whole residual stream: arm remove_direction",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  addDirection: Schema.Array(Schema.Finite)
    .annotate({
      description: "To compare: add these lengths along the probe's direction to the stream: arms add_direction_{x}",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  addLayer: Schema.optionalKey(
    Schema.Int.annotate({ description: "The block after which a direction is added; default: the middle one" }),
  ),
  gamma: Schema.Number.annotate({ description: "Factor of the heads' output: 0 ablates, above 1 enhances" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  renorm: Schema.Literals(RENORM_MODES)
    .annotate({
      description:
        "Rescale the concatenated heads to their norm before: per token, over the tensor (the paper's code), or not",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("token" as const))),
  scope: Schema.Literals(TOKEN_SCOPES)
    .annotate({
      description:
        "Tokens it acts on: all, those after the prompt, the template region (close marker up to the response), the response",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("all" as const))),
  ...generationFields,
  ...limitFields,
  ...chatFields,
  seed: Schema.Int.annotate({ description: "Seed of sampling and of the random heads" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
  onError: Stage.onError,
});

export const headsAblate = Stage.make("heads.ablate", {
  version: 4,
  description: "Generates with suppressing heads ablated, with other heads as a control, or with the stream edited",
  config,
  inputs: {
    model: Model,
    heads: Heads,
    prompts: Prompts,
    effects: Stage.optional(HeadEffects),
    probe: Stage.optional(Probe),
  },
  outputs: { traces: Traces },
  estimate: (config, { model, prompts }) =>
    attempt(() => {
      const arms = armCount(config) + (config.removeDirection ? 1 : 0) + config.addDirection.length;
      const one = estimateGeneration(config, model.facts?.["folder"], prompts.rows);
      return {
        ...one,
        ...(prompts.rows === undefined ? {} : { rows: arms * prompts.rows }),
        facts: { maxNewTokens: config.maxNewTokens },
      };
    }),
  threads: ({ workers, threads }) => (workers === undefined ? Number.POSITIVE_INFINITY : workers * (threads ?? 1)),
  run: Effect.fn("heads.ablate")(function* ({ config, inputs, outputs, log, mapRows }) {
    const heads = yield* inputs.heads.rows("heads");
    const prompts = yield* inputs.prompts.rows("prompts");
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const { layers, heads: perLayer } = checkpoint.config;
    const missing = (input: string, why: string) =>
      new StageError({ code: "E_INPUT_MISSING", message: `${why} needs the input ${input}`, remedy: `Wire ${input}` });
    const own = config.by === "direct" && config.target === "probe";
    if (!own && inputs.effects === undefined)
      return yield* missing("effects", `a ranking by ${config.by} on ${config.target}`);
    const effects = own || inputs.effects === undefined ? [] : yield* inputs.effects.rows("effects");
    const ranked = own
      ? heads.map((head) => ({ ...head, strength: -head.contribution }))
      : effects
          .filter((e) => e.method === config.by && e.target === config.target && e.position === "final")
          .map((e) => ({ ...e, strength: e.effect }));
    if (ranked.length === 0) {
      return yield* new StageError({
        code: "E_CONFIG",
        message: `effects has no ranking by ${config.by} on ${config.target}`,
        remedy: "Let heads.attribute make it (patching, causal, greedy, verdicts), or choose another",
      });
    }
    const arms = yield* attempt(() => armsOf(config, ranked, heads, layers * perLayer));
    // Interventions of an arm as plain values: they are part of what its rows are stored under.
    const edits = [
      ...(config.removeDirection ? [{ arm: "remove_direction", edit: { remove: 1, length: 0 } }] : []),
      ...config.addDirection.map((length) => ({ arm: `add_direction_${length}`, edit: { remove: 0, length } })),
    ].map((edit) => ({ ...edit, draw: 0, heads: [] }));
    const { addLayer = Math.floor((layers - 1) / 2) } = config;
    let direction: Float32Array | undefined;
    if (edits.length > 0) {
      if (inputs.probe === undefined) return yield* missing("probe", "editing along the probe's direction");
      direction = streamDirection(checkpoint, yield* selectedProbe(inputs.probe));
      if (addLayer < 0 || addLayer >= layers) {
        return yield* new StageError({
          code: "E_CONFIG",
          message: `addLayer is ${addLayer}; the model has ${layers} layers, numbered from 0`,
          remedy: "Name one of them, or leave it out for the middle one",
        });
      }
    }
    const { request, generator, parallelism } = generationParts(config);
    // renorm "tensor" is over all that runs together: alone, so that a row's text is still its own
    const settings = config.renorm === "tensor" ? { ...generator, batch: 1 } : generator;
    const { gamma, renorm, scope, seed } = config;
    const built = { headScale: renorm, directionEdit: edits.length > 0 };
    const editOf = (edit: (typeof edits)[number]["edit"] | undefined): DirectionEdit | undefined => {
      if (edit === undefined || direction === undefined) return undefined;
      const add = new Float32Array(layers);
      add[addLayer] = edit.length;
      return { direction, remove: edit.remove, add, scope };
    };
    const mapped = yield* mapRows({
      kind: Traces,
      rows: [...arms.map((arm) => ({ ...arm, edit: undefined })), ...edits].flatMap((arm) =>
        prompts.map((prompt) => ({ ...arm, prompt })),
      ),
      id: ({ arm, draw, prompt }) => `${arm}/${draw}/${prompt.id}`,
      port: "prompts",
      rowsPerShard: 64,
      onError: config.onError,
      open: Effect.gen(function* () {
        const { workers, threads, reason } = yield* attempt(() =>
          chooseParallelism(checkpoint, { ...settings, ...parallelism, headScale: renorm, rows: prompts.length }),
        );
        yield* log(`generation: ${reason}`);
        const maxTokens = roomFor(checkpoint.config, config.maxNewTokens);
        return yield* Effect.acquireRelease(
          attempt(() => Generator.open(checkpoint, { ...settings, workers, threads, maxTokens, ...built })),
          (opened) => Effect.promise(() => opened.close()),
        );
      }),
      run: (open, rows, { emit, detail }) =>
        Effect.forEach(
          // The heads of a call are those of one arm.
          Object.entries(Object.groupBy(rows.keys(), (i) => `${rows[i]?.arm}/${rows[i]?.draw}`)),
          Effect.fnUntraced(function* ([name, found]) {
            const own = (found as ReadonlyArray<number>).map((i) => ({ i, ...(rows[i] as (typeof rows)[number]) }));
            const [{ arm, draw, heads, edit }] = own as [(typeof own)[number]];
            const what =
              edit === undefined ? heads.map((h) => `(${h.layer},${h.head})`).join(" ") : "the probe's direction";
            yield* log(`${arm} (${draw}): ${what}`);
            detail(name);
            yield* attempt(async (signal) => {
              await writeTraces(
                checkpoint,
                open,
                own.map(({ prompt }) => prompt),
                {
                  ...request,
                  maxThinkingTokens: config.maxThinkingTokens,
                  maxAnswerTokens: config.maxAnswerTokens,
                  chat: config,
                  headScale: { scale: scaleOf(checkpoint.config, heads, gamma), renorm, scope },
                  directionEdit: editOf(edit),
                  signal,
                  onTrace: (k, trace) => {
                    const { i, prompt } = own[k] as (typeof own)[number];
                    emit(i, { traces: [traceRow(prompt, trace, arm, draw, seed)] });
                  },
                },
              );
            });
          }),
          { discard: true },
        ),
    });
    const rows = yield* mapped.rows("traces");
    const unclosed = rows.filter((trace) => trace.state === "unclosed").length;
    if (unclosed > 0) yield* log(`${unclosed} of ${rows.length} traces never closed the thinking and have no response`);
    yield* outputs.traces.writeRows("traces", rows);
  }),
});
