/** Stage `finetune.lora`: repair a model with LoRA on selected rows, mixed with harmless ones. */
import { dirname } from "node:path";
import { Adapter, Metrics, Model, openModel, Prompts, Selection, Traces, Verdicts } from "@precipice/artifacts";
import { localJudgeNames } from "@precipice/judge";
import { Checkpoint, type LoraShape } from "@precipice/model";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { adapterSize } from "./adapter-size.ts";
import { harmlessRows } from "./harmless-rows.ts";
import { ADAPTER_INITS } from "./initial-adapter.ts";
import { writeAdapter } from "./peft-files.ts";
import { preferencePair } from "./preference-pairs.ts";
import { selectedRows } from "./selected-rows.ts";
import { ALL_LINEAR, linearsOf } from "./targets.ts";
import { trainLora } from "./train-lora.ts";
import {
  integer,
  loopOptions,
  number,
  optionalInteger,
  splitHeldOut,
  stepDetail,
  stepRows,
  tokenRows,
  trainingFields,
} from "./training-config.ts";
import type { Example, TrainingStep } from "./training-options.ts";
import { describeEnd, type RepairRow } from "./training-rows.ts";
import { openValidation } from "./validate-adapter.ts";

const config = Schema.Struct({
  ...trainingFields,
  name: Schema.optionalKey(
    Schema.String.annotate({ description: "Metric keys become finetune.{name}.steps …; default: no name" }),
  ),
  rank: integer(8, "Rank r of the adapter"),
  alpha: number(16, "Scale: the adapter adds alpha / r · B A"),
  targets: Schema.Union([Schema.String, Schema.Array(Schema.String)])
    .annotate({ description: "all-linear, names such as q_proj, or a regular expression over whole module names" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(ALL_LINEAR as string))),
  layers: Schema.optionalKey(
    Schema.Array(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))).annotate({
      description: "Layers to adapt, from 0 (PEFT's layers_to_transform); default all",
    }),
  ),
  dropout: Schema.Number.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))
    .annotate({ description: "Share of the adapter's inputs dropped in training, drawn by seed and step" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  rankStabilized: Schema.Boolean.annotate({ description: "rsLoRA: scale by alpha / sqrt(r)" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(false)),
  ),
  init: Schema.Literals(ADAPTER_INITS)
    .annotate({ description: "Start of A: kaiming (PEFT's default) or gaussian; B is zero" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("kaiming" as const))),
  objective: Schema.Literals(["sft", "dpo"])
    .annotate({ description: "sft: learn the references; dpo: prefer them over what the model wrote itself" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("sft" as const))),
  beta: number(0.1, "β of DPO: how far a preference may pull from the base model"),
  harmlessRatio: number(1, "Harmless rows of the pool mixed in, per selected row"),
  harmlessRows: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).annotate({
      description: "Harmless rows of the pool mixed in, however many are selected; instead of harmlessRatio",
    }),
  ),
  klWeight: number(0, "Weight of the KL divergence to the base model on the harmless rows"),
  validation: Schema.Struct({
    judge: Schema.Literals(localJudgeNames)
      .annotate({ description: "Judge of what the model writes on the validation prompts" })
      .pipe(Schema.withDecodingDefaultKey(Effect.succeed("refusal-prefix" as const))),
    every: integer(10, "Steps between two measurements"),
    stopAt: Schema.optionalKey(
      Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 })).annotate({
        description: "Stop as soon as the attack success rate is at most this",
      }),
    ),
    patience: optionalInteger(
      "Stop after this many measurements without a lower attack success rate, and take the best",
    ),
    maxNewTokens: integer(512, "Most tokens written per validation prompt"),
  })
    .annotate({ description: "Early stop on what the model writes; with the input validation" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
});

export const finetuneLora = Stage.make("finetune.lora", {
  version: 6,
  description: "Trains a LoRA adapter on selected rows: own thinking, then the reference response",
  config,
  inputs: {
    model: Model,
    traces: Traces,
    prompts: Prompts,
    selection: Selection,
    verdicts: Stage.optional(Verdicts),
    validation: Stage.optional(Prompts),
  },
  outputs: { adapter: Adapter, metrics: Metrics },
  threads: ({ threads }) => threads,
  run: Effect.fn("finetune.lora")(function* ({ config, inputs, outputs, progress, log, scratch }) {
    const checkpoint = yield* openModel(inputs.model, (folder) => Checkpoint.open(folder));
    const prompts = new Map((yield* inputs.prompts.rows("prompts")).map((p) => [p.id, p]));
    const chosen = new Set(
      (yield* inputs.selection.rows("selection")).filter((s) => s.selected).map((s) => s.trace_id),
    );
    const traces = yield* inputs.traces.rows("traces");
    const verdicts = inputs.verdicts === undefined ? undefined : yield* inputs.verdicts.rows("verdicts");
    const { loss, seed } = config;
    const found = yield* attempt(() =>
      selectedRows(checkpoint, traces, prompts, { chosen, loss, acceptCompliance: config.acceptCompliance }),
    );
    const { rows: selected, references } = found;
    for (const note of found.notes) yield* log(note);
    const spare = yield* attempt(() =>
      harmlessRows(checkpoint, traces, prompts, verdicts, loss).filter((row) => !chosen.has(row.id)),
    );
    const wanted = config.harmlessRows ?? Math.round(selected.length * config.harmlessRatio);
    const mixed = random(seed, "harmless mix").sample([...spare], wanted);
    yield* log(yield* attempt(() => describeEnd(checkpoint)));
    yield* log(`${selected.length} selected rows and ${mixed.length} harmless ones, ${config.rowsPerStep} per step`);
    if (wanted > 0 && verdicts === undefined)
      yield* log("no verdicts are given: harmless rows are taken by their label, and mislabelled ones with them");
    if (mixed.length < wanted) yield* log(`only ${mixed.length} harmless rows of the ${wanted} asked for are there`);

    const dpo = config.objective === "dpo";
    const pairs = selected.map(({ trace, row }) => (dpo ? preferencePair(checkpoint, trace, row, verdicts) : { row }));
    const usable = pairs.filter((pair) => pair !== undefined);
    if (usable.length === 0) {
      return yield* new StageError({
        code: "E_SELECTION_EMPTY",
        message:
          "no selected row has a finished response of its own, neither blank nor a refusal, to be preferred over",
        remedy: "Raise maxNewTokens, or use objective: sft",
      });
    }
    if (usable.length < selected.length)
      yield* log(
        `${selected.length - usable.length} of ${selected.length} rows make no pair: their own response was cut off, is blank, refuses, was not judged harmful, or equals the reference`,
      );
    const kl = config.klWeight > 0;
    const harmless = mixed.map((row) => ({ row, ...(kl ? { klWeight: row.lossWeight } : {}) }));
    const { train, heldOut } = splitHeldOut<Item>([...usable, ...harmless], config.evalFraction, seed);
    const options = yield* loopOptions(config, heldOut.map(exampleOf), scratch);
    const lora: LoraShape = {
      rank: config.rank,
      alpha: config.alpha,
      targets: yield* attempt(() => linearsOf(config.targets, checkpoint.config)),
      rankStabilized: config.rankStabilized,
      ...(config.layers === undefined ? {} : { layers: config.layers }),
      ...(config.dropout > 0 ? { dropout: config.dropout } : {}),
    };
    const { judge, every, stopAt, patience, maxNewTokens } = config.validation;
    if (inputs.validation === undefined && (stopAt !== undefined || patience !== undefined)) {
      return yield* new StageError({
        code: "E_CONFIG",
        message: "validation.stopAt and validation.patience need validation prompts",
        remedy: "Wire prompts that are not trained on to the input validation",
      });
    }
    const asked = inputs.validation === undefined ? undefined : yield* inputs.validation.rows("prompts");
    const trainedOn = new Set(selected.map(({ trace }) => trace.prompt));
    const seen = asked?.filter(({ prompt }) => trainedOn.has(prompt)).length ?? 0;
    if (seen > 0) yield* log(`${seen} of ${asked?.length} validation prompts are trained on: their rates flatter`);
    const watch =
      asked === undefined
        ? undefined
        : yield* Effect.acquireRelease(
            attempt(() => openValidation(checkpoint, lora, asked, { judge, maxNewTokens, threads: config.threads })),
            (opened) => Effect.promise(() => opened.close()),
          );
    const notes: string[] = [];
    const trained = yield* attempt((signal) =>
      trainLora(checkpoint, train.map(exampleOf), {
        ...options,
        validation: watch && {
          ...{ every, patience, stopAt, measure: watch.measure },
          identity: [judge, maxNewTokens, asked],
        },
        lora,
        init: config.init,
        klWeight: kl ? config.klWeight : undefined,
        preference: dpo ? { beta: config.beta } : undefined,
        signal,
        onNote: (note) => notes.push(note),
        onStep: (step, steps) => progress(step.step, steps, "steps", stepDetail(step)),
      }),
    );
    for (const note of notes) yield* log(note);
    yield* log(`loss ${trained.steps[0]?.loss.toFixed(4)} → ${trained.steps.at(-1)?.loss.toFixed(4)}`);
    const [model] = yield* inputs.model.rows("model");
    yield* attempt(() =>
      writeAdapter(dirname(outputs.adapter.file("adapter_config.json")), trained, model?.source ?? "", config.init),
    );
    yield* outputs.adapter.writeRows("steps", stepRows(trained.steps));
    const rowsOf = (items: ReadonlyArray<Item>) =>
      items.flatMap(({ row, rejected }) => (rejected === undefined ? [row] : [row, rejected]));
    yield* outputs.adapter.writeRows("rows", [
      ...tokenRows(rowsOf(train), "train", checkpoint.tokenizer),
      ...tokenRows(rowsOf(heldOut), "eval", checkpoint.tokenizer),
    ]);
    const prefix = config.name === undefined ? "finetune" : `finetune.${config.name}`;
    const metric = (key: string, value: number) => ({ key: `${prefix}.${key}`, value, lo: null, hi: null, n: null });
    const measured = trained.steps.filter((s) => s.evalLoss !== undefined);
    const { norm, effectiveRank } = adapterSize(checkpoint.config, trained);
    yield* outputs.metrics.writeRows("metrics", [
      metric("steps", trained.steps.length),
      metric("trainable_parameters", trained.trainableParameters),
      metric("rows", usable.length),
      ...(references.unrefused > 0 ? [metric("unrefused_references", references.unrefused)] : []),
      metric("harmless_rows", mixed.length),
      metric(
        "tokens",
        trained.steps.reduce((sum, s) => sum + s.tokens, 0),
      ),
      metric("adapter_norm", norm),
      metric("adapter_rank", effectiveRank),
      metric("final_loss", trained.steps.at(-1)?.loss ?? 0),
      ...measured.filter((s) => s.step === trained.step).map((s) => metric("eval_loss", s.evalLoss as number)),
      ...validated(trained.steps.find((s) => s.step === trained.step)).map(([key, value]) => metric(key, value)),
    ]);
  }),
});

/** Rates of the step whose parameters are the result. */
const validated = (step: TrainingStep | undefined): ReadonlyArray<readonly [key: string, rate: number]> => {
  const { asr, overRefusal } = step?.validation ?? {};
  return [
    ...(asr === undefined ? [] : [["validation_asr", asr] as const]),
    ...(overRefusal === undefined || overRefusal === null ? [] : [["validation_overrefusal", overRefusal] as const]),
  ];
};

/** A training row with what goes with it: a rejected response, weights of the KL term. */
interface Item {
  readonly row: RepairRow;
  readonly rejected?: RepairRow;
  readonly klWeight?: ReadonlyArray<number>;
}

/** A pair has no next-token loss: what its rows mask is what the preference compares. */
const exampleOf = ({ row, rejected, klWeight }: Item): Example => {
  const { id, ids, lossWeight } = row;
  if (rejected === undefined) return { id, ids, lossWeight, klWeight };
  const side = ({ ids, lossWeight }: RepairRow) => ({ ids, lossWeight: ids.map(() => 0), preferenceMask: lossWeight });
  return { id, ...side(row), rejected: side(rejected) };
};
