/** Stage `select.compare`: what each selection was worth, over all repairs of a study. */
import { Adapter, Metrics, RepairStudy, Verdicts } from "@precipice/artifacts";
import { Artifact, attempt, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { type Reading, studyOf } from "./study.ts";
import { type Cell, cellOf, matrixOf } from "./study-cell.ts";
import { curvesOf, repairReadings } from "./study-curves.ts";

const axis = (name: string) => Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(name)));

const config = Schema.Struct({
  axes: Schema.Struct({ model: axis("model"), method: axis("method"), fraction: axis("fraction"), seed: axis("seed") })
    .annotate({ description: "What the matrix values of the study's nodes are called" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  main: Schema.String.annotate({ description: "Value of the model axis whose metric keys carry no name" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("")),
  ),
  names: Schema.Record(Schema.String, Schema.String)
    .annotate({ description: "What methods are called in metric keys" })
    .pipe(
      Schema.withDecodingDefaultKey(
        Effect.succeed({
          misalignment: "ms",
          "misalignment-diverse": "ms-diverse",
          "misalignment-quota": "ms-quota",
        }),
      ),
    ),
  sets: Schema.Record(Schema.String, Schema.String)
    .annotate({
      description: "Sets of harmful prompts, each a regular expression over prompt ids: asr.{set} beside asr",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  method: Schema.String.annotate({ description: "Method that is compared with all others" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("misalignment")),
  ),
  fraction: Schema.Number.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1))
    .annotate({ description: "Budget that is concluded on, as a share of the pool" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0.017))),
  target: Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
    .annotate({
      description: "Validation ASR at or below which a training has repaired the model: repaired, steps_to_repair",
    })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0.1))),
  seed: Schema.Int.annotate({ description: "Seed of the bootstrap" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

/** Keys of the stages of a repair, and what their numbers are called in a study. */
const MEASURES: ReadonlyArray<readonly [RegExp, string]> = [
  [/^select\..+\.rows$/, "rows"],
  [/^select\..+\.tokens$/, "tokens"],
  [/^finetune(\..+)?\.tokens$/, "trained_tokens"],
  [/^finetune(\..+)?\.steps$/, "steps"],
  [/^finetune(\..+)?\.adapter_norm$/, "adapter_norm"],
  [/^finetune(\..+)?\.adapter_rank$/, "adapter_rank"],
  [/^compare(\..+)?\.kl$/, "kl"],
  [/^compare(\..+)?\.cross_entropy$/, "cross_entropy"],
  [/^compare(\..+)?\.perplexity$/, "perplexity"],
  [/^compare(\..+)?\.exact_match$/, "exact_match"],
  [/^compare(\..+)?\.cross_entropy_before$/, "cross_entropy_before"],
  [/^compare(\..+)?\.perplexity_before$/, "perplexity_before"],
  [/^compare(\..+)?\.exact_match_before$/, "exact_match_before"],
  [/^cliff(\.[^.]+)?\.plateau$/, "plateau"],
  [/^cliff(\.[^.]+)?\.final$/, "final"],
  [/^cliff(\.[^.]+)?\.cliff$/, "cliff"],
];

/**
 * Every input is of one repair, told by the matrix values in its node's name: `verdicts` on what the repaired model writes (the
 * same prompts everywhere), `metrics` of the selection, the training and comparisons, `adapters` for the seconds of training, and its
 * joules where the machine told, and for the rates it measured along its steps. `before`: verdicts on the unrepaired models, by the model axis. Metrics `{method}.{percent}pct.{measure}`, with the model in
 * front where it is not the main one; `before.asr` …; `{method}_minus_{other}.{percent}pct.asr`, paired by prompt and seed.
 * Codes: E_STUDY_EMPTY, E_STUDY_CELL.
 */
export const selectCompare = Stage.make("select.compare", {
  version: 4,
  description: "Compares repairs by how their rows were chosen: rates with intervals, costs, and what follows",
  config,
  inputs: {
    verdicts: Stage.many(Verdicts),
    before: Stage.many(Verdicts),
    metrics: Stage.many(Metrics),
    adapters: Stage.many(Adapter),
  },
  outputs: { study: RepairStudy, metrics: Metrics },
  run: Effect.fn("select.compare")(function* ({ config, inputs, outputs, log }) {
    if (inputs.verdicts.length === 0) {
      return yield* new StageError({
        code: "E_STUDY_EMPTY",
        message: "There are no repairs to compare",
        remedy: "Wire the verdicts on every repaired model to this node, e.g. verdicts: [verdicts[*]]",
      });
    }
    const measured = yield* Effect.forEach(inputs.verdicts, (reader) =>
      Effect.map(reader.rows("verdicts"), (verdicts) => ({ node: reader.node, verdicts })),
    );
    const cellAt = (node: string) => attempt(() => cellOf(node, config.axes));
    const cells = yield* Effect.forEach(measured, ({ node, verdicts }) =>
      Effect.map(cellAt(node), (cell) => ({ cell, verdicts })),
    );
    const courses = yield* Effect.forEach(inputs.adapters, (reader) =>
      Effect.gen(function* () {
        const cell = yield* cellAt(reader.node);
        const steps = yield* reader.rows("steps");
        const watched = steps.flatMap(({ step, validation_asr: asr, validation_overrefusal: overRefusal }) =>
          asr === null ? [] : [{ step, asr, overRefusal }],
        );
        return { cell, watched };
      }),
    );
    const readings = [
      ...(yield* Effect.forEach(inputs.metrics, (reader) =>
        Effect.gen(function* () {
          const cell = yield* cellAt(reader.node);
          return readingsOf(cell, yield* reader.rows("metrics"));
        }),
      )),
      ...repairReadings(courses, config.target),
      ...(yield* Effect.forEach(inputs.adapters, (reader) =>
        Effect.gen(function* () {
          const cell = yield* cellAt(reader.node);
          const { origin } = yield* Artifact.readManifest(reader.path);
          const cost = { seconds: origin.durationMs / 1000, joules: origin.joules };
          return Object.entries(cost).flatMap(([measure, value]) =>
            value === undefined ? [] : [{ cell, measure, value, lo: null, hi: null }],
          );
        }),
      )),
    ].flat();
    const sets = yield* attempt(() =>
      Object.fromEntries(Object.entries(config.sets).map(([name, pattern]) => [name, new RegExp(pattern, "u")])),
    );
    const options = { ...config, sets, seed: String(config.seed) };
    const study = studyOf(cells, readings, options);
    const before = yield* Effect.forEach(inputs.before, (reader) =>
      Effect.map(reader.rows("verdicts"), (verdicts) => ({
        cell: { model: matrixOf(reader.node).get(config.axes.model) ?? "", method: "before", fraction: 1, seed: "" },
        verdicts,
      })),
    );
    const unrepaired = studyOf(before, [], { ...options, method: "" }).points;

    for (const { text } of study.conclusions) yield* log(text);
    yield* outputs.study.writeRows("points", [
      ...unrepaired.map((point) => ({ ...point, percent: 0 })),
      ...study.points,
    ]);
    yield* outputs.study.writeRows("differences", study.differences);
    yield* outputs.study.writeRows("curves", curvesOf(courses, options));
    yield* outputs.study.writeRows("conclusions", study.conclusions);
    const key = (model: string, rest: string) => (model === "" ? rest : `${model}.${rest}`);
    yield* outputs.metrics.writeRows("metrics", [
      ...unrepaired.map(({ model, measure, value, lo, hi, n }) => ({
        key: key(model, `before.${measure}`),
        ...{ value, lo, hi, n },
      })),
      ...study.points.map(({ model, method, percent, measure, value, lo, hi, n }) => ({
        key: key(model, `${method}.${percent}pct.${measure}`),
        ...{ value, lo, hi, n },
      })),
      ...study.differences.map(({ model, method, percent, against, measure, value, lo, hi, n }) => ({
        key: key(model, `${method}_minus_${against}.${percent}pct.${measure}`),
        ...{ value, lo, hi, n },
      })),
    ]);
  }),
});

const readingsOf = (
  cell: Cell,
  metrics: ReadonlyArray<{
    readonly key: string;
    readonly value: number;
    readonly lo: number | null;
    readonly hi: number | null;
  }>,
): ReadonlyArray<Reading> =>
  metrics.flatMap(({ key, value, lo, hi }) => {
    const [, measure] = MEASURES.find(([pattern]) => pattern.test(key)) ?? [];
    return measure === undefined ? [] : [{ cell, measure, value, lo, hi }];
  });
