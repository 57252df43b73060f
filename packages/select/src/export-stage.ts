/** Stage `select.export`: the selected rows as files that other trainers read. */
import { writeFile } from "node:fs/promises";
import {
  Metrics,
  Prompts,
  Selection,
  type Trace,
  Traces,
  TrainingSet,
  type TrainingSetRow,
  Verdicts,
} from "@precipice/artifacts";
import { checkReferences, isBlank, referenceText } from "@precipice/judge";
import { attempt, Stage, StageError } from "@precipice/runtime";
import { random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { trainingFiles } from "./training-layouts.ts";

const text = (fallback: string, description: string) =>
  Schema.String.annotate({ description }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)));

const config = Schema.Struct({
  thinking: Schema.Boolean.annotate({
    description: "Begin each completion with the model's own thinking: it is what the response is to follow from",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(true))),
  open: text("<think>\n", "Written before the thinking"),
  close: text("\n</think>\n\n", "Written between thinking and response"),
  response: Schema.optionalKey(
    Schema.String.annotate({
      description: "Response of selected rows whose prompt has no reference; default: left out",
    }),
  ),
  harmlessRows: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "Harmless rows mixed in, with the model's own answer; needs verdicts" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  acceptCompliance: Schema.Boolean.annotate({
    description:
      "Export although more than 5 % of the rows labelled harmful have responses that the refusal rules do not see as refusals: training on them teaches compliance",
  }).pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  seed: Schema.Int.annotate({ description: "Seed of the harmless rows and of the order" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0)),
  ),
});

/**
 * Completions are the model's own thinking, then the prompt's `reference`; harmless rows keep the model's own answer, where a judge
 * found it safe. Rows are in a seeded order, so that trainers that do not shuffle see a mixture. Codes: E_SELECTION_EMPTY,
 * E_SELECT_INPUT, E_COMPLIANCE.
 */
export const selectExport = Stage.make("select.export", {
  version: 2,
  description: "Writes the selected rows as JSONL and Parquet in the alpaca and chat (TRL) layouts",
  config,
  inputs: { selection: Selection, traces: Traces, prompts: Prompts, verdicts: Stage.optional(Verdicts) },
  outputs: { set: TrainingSet, metrics: Metrics },
  run: Effect.fn("select.export")(function* ({ config, inputs, outputs, log }) {
    if (config.harmlessRows > 0 && inputs.verdicts === undefined) {
      return yield* new StageError({
        code: "E_SELECT_INPUT",
        message: "harmlessRows needs the input verdicts: a label does not say that a row was answered",
        remedy: "Wire the verdicts on the pool's traces to this node",
      });
    }
    const selection = (yield* inputs.selection.rows("selection")).filter((row) => row.selected);
    const traces = new Map((yield* inputs.traces.rows("traces")).map((trace) => [trace.id, trace]));
    const prompts = new Map((yield* inputs.prompts.rows("prompts")).map((prompt) => [prompt.id, prompt]));
    const verdicts = inputs.verdicts === undefined ? [] : yield* inputs.verdicts.rows("verdicts");
    const found = selection.flatMap(({ trace_id, prompt_id, rank, score, reason }) => {
      const trace = traces.get(trace_id);
      const prompt = prompts.get(prompt_id);
      const response = referenceText(prompt?.reference) ?? referenceText(config.response);
      if (trace === undefined || trace.state === "unclosed" || response === null) return [];
      const completion = completionOf(trace, response, config);
      const label: Trace["label"] = [trace.label, prompt?.label].includes("harmful") ? "harmful" : "harmless";
      const row = { id: trace_id, role: "selected" as const, rank, score, reason, prompt: trace.prompt, completion };
      return [{ row, taught: { id: trace_id, label, prompt: trace.prompt, reference: response } }];
    });
    const selected: ReadonlyArray<TrainingSetRow> = found.map(({ row }) => row);
    if (selected.length === 0) {
      return yield* new StageError({
        code: "E_SELECTION_EMPTY",
        message: `None of the ${selection.length} selected rows has both a closed thinking and a response to learn`,
        remedy: "Give the pool's prompts a reference, or set response to a refusal for those that have none",
      });
    }
    const references = yield* attempt(() =>
      checkReferences(
        found.map(({ taught }) => taught),
        config,
      ),
    );
    if (references.note !== undefined) yield* log(references.note);
    const taken = new Set(selection.map((row) => row.trace_id));
    const spare = verdicts.flatMap(({ trace_id, label, verdict }): TrainingSetRow[] => {
      const trace = traces.get(trace_id);
      if (label !== "harmless" || verdict !== "safe" || taken.has(trace_id)) return [];
      if (trace === undefined || trace.state !== "complete" || isBlank(trace.response)) return [];
      const completion = completionOf(trace, trace.response, config);
      const reason = "a harmless request, answered safely";
      return [{ id: trace_id, role: "harmless", rank: null, score: null, reason, prompt: trace.prompt, completion }];
    });
    const draw = random(config.seed, "select.export");
    const harmless = draw.sample(spare, config.harmlessRows);
    const rows = draw.shuffle([...selected, ...harmless]);
    const left = selection.length - selected.length;
    yield* log(
      `${selected.length} selected rows and ${harmless.length} harmless ones${left > 0 ? `; ${left} left out: unclosed thinking, or no reference (a blank one is none)` : ""}`,
    );
    if (harmless.length < config.harmlessRows)
      yield* log(`only ${harmless.length} harmless rows of the ${config.harmlessRows} asked for are there`);
    yield* attempt(async () => {
      for (const [name, bytes] of Object.entries(trainingFiles(rows))) await writeFile(outputs.set.file(name), bytes);
    });
    yield* outputs.set.writeRows("rows", rows);
    yield* outputs.metrics.writeRows(
      "metrics",
      Object.entries({
        selected_rows: selected.length,
        harmless_rows: harmless.length,
        ...(references.unrefused > 0 ? { unrefused_references: references.unrefused } : {}),
      }).map(([key, value]) => ({
        key: `select.export.${key}`,
        value,
        lo: null,
        hi: null,
        n: null,
      })),
    );
  }),
});

const completionOf = (
  trace: Trace,
  response: string,
  { thinking, open, close }: { readonly thinking: boolean; readonly open: string; readonly close: string },
): string => (thinking ? `${open}${trace.thinking.trim()}${close}${response.trim()}` : response.trim());
