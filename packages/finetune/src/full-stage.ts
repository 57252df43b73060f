/** Stage `finetune.full`: train chosen tensors of the model itself on selected rows, and write the checkpoint. */
import { dirname } from "node:path";
import { Metrics, Model, openModel, Prompts, Selection, Traces, TrainingLog, Verdicts } from "@precipice/artifacts";
import { Checkpoint } from "@precipice/model";
import { attempt, Stage } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { harmlessRows } from "./harmless-rows.ts";
import { modelRow } from "./model-row.ts";
import { selectedRows } from "./selected-rows.ts";
import { trainFull } from "./train-full.ts";
import {
  loopOptions,
  number,
  splitHeldOut,
  stepDetail,
  stepRows,
  tokenRows,
  trainingFields,
} from "./training-config.ts";
import { describeEnd } from "./training-rows.ts";
import { MAX_SHARD_BYTES, writeCheckpoint } from "./write-checkpoint.ts";

const range = Schema.Tuple([Schema.Int, Schema.Int]);

const config = Schema.Struct({
  ...trainingFields,
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become finetune.{name}.steps …; default: no name" }),
  ),
  tensors: Schema.NonEmptyArray(
    Schema.Struct({
      name: Schema.String.annotate({ description: "Regular expression over whole tensor names" }),
      rows: Schema.optionalKey(range.annotate({ description: "Only these output rows [from, to)" })),
      columns: Schema.optionalKey(range.annotate({ description: "Only these input columns [from, to)" })),
    }),
  ).annotate({ description: "What is trained: tensors whole, or rows and columns of them" }),
  learningRate: number(1e-4, "Peak learning rate of AdamW"),
  harmlessRatio: number(1, "Harmless rows of the pool mixed in, per selected row"),
  maxShardBytes: number(MAX_SHARD_BYTES, "Largest weight file; more goes into shards with an index"),
});

export const finetuneFull = Stage.make("finetune.full", {
  version: 3,
  description: "Trains chosen tensors of the model itself on selected rows: a complete Hugging Face checkpoint folder",
  config,
  inputs: {
    model: Model,
    traces: Traces,
    prompts: Prompts,
    selection: Selection,
    verdicts: Stage.optional(Verdicts),
  },
  outputs: { model: Model, log: TrainingLog, metrics: Metrics },
  threads: ({ threads }) => threads,
  run: Effect.fn("finetune.full")(function* ({ config, inputs, outputs, progress, log, scratch }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const prompts = new Map((yield* inputs.prompts.rows("prompts")).map((p) => [p.id, p]));
    const chosen = new Set(
      (yield* inputs.selection.rows("selection")).filter((s) => s.selected).map((s) => s.trace_id),
    );
    const traces = yield* inputs.traces.rows("traces");
    const verdicts = inputs.verdicts === undefined ? undefined : yield* inputs.verdicts.rows("verdicts");
    const { loss, acceptCompliance } = config;
    const found = yield* attempt(() => selectedRows(checkpoint, traces, prompts, { chosen, loss, acceptCompliance }));
    for (const note of found.notes) yield* log(note);
    const selected = found.rows.map(({ row }) => row);
    const spare = yield* attempt(() => harmlessRows(checkpoint, traces, prompts, verdicts, config.loss));
    const mixed = random(config.seed, "harmless mix").sample(
      spare.filter((row) => !chosen.has(row.id)),
      Math.round(selected.length * config.harmlessRatio),
    );
    yield* log(yield* attempt(() => describeEnd(checkpoint)));
    yield* log(`${selected.length} selected rows and ${mixed.length} harmless ones, ${config.rowsPerStep} per step`);
    const { train, heldOut } = splitHeldOut([...selected, ...mixed], config.evalFraction, config.seed);
    const options = yield* loopOptions(config, heldOut, scratch);
    const notes: string[] = [];
    const trained = yield* attempt((signal) =>
      trainFull(checkpoint, train, {
        ...options,
        tensors: config.tensors,
        signal,
        onNote: (note) => notes.push(note),
        onStep: (step, steps) => progress(step.step, steps, "steps", stepDetail(step)),
      }),
    );
    for (const note of notes) yield* log(note);
    yield* log(`loss ${trained.steps[0]?.loss.toFixed(4)} → ${trained.steps.at(-1)?.loss.toFixed(4)}`);
    const [base] = yield* inputs.model.rows("model");
    const row = yield* attempt(async () => {
      const target = dirname(outputs.model.file("checkpoint/config.json"));
      writeCheckpoint(checkpoint, target, ({ name }) => trained.tensors[name]?.data, {
        maxShardBytes: config.maxShardBytes,
      });
      return modelRow(Checkpoint.open(target), `${base?.source ?? checkpoint.folder} + training`, "checkpoint");
    });
    yield* outputs.model.writeRows("model", [row]);
    yield* outputs.log.writeRows("steps", stepRows(trained.steps));
    yield* outputs.log.writeRows("rows", [
      ...tokenRows(train, "train", checkpoint.tokenizer),
      ...tokenRows(heldOut, "eval", checkpoint.tokenizer),
    ]);
    const prefix = config.name === undefined ? "finetune" : `finetune.${config.name}`;
    const metric = (key: string, value: number) => ({ key: `${prefix}.${key}`, value, lo: null, hi: null, n: null });
    yield* outputs.metrics.writeRows("metrics", [
      metric("steps", trained.steps.length),
      metric("trainable_parameters", trained.trainableParameters),
      metric("rows", selected.length),
      ...(found.references.unrefused > 0 ? [metric("unrefused_references", found.references.unrefused)] : []),
      metric("final_loss", trained.steps.at(-1)?.loss ?? 0),
    ]);
  }),
});
