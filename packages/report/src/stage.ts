/** The stage `report.html`: reads what it is given, draws it, writes one file. */
import { writeFile } from "node:fs/promises";
import {
  Adapter,
  AttributionBenchmark,
  Heads,
  Metrics,
  Patterns,
  RepairStudy,
  Report,
  Scores,
  Selection,
  Traces,
  Verdicts,
} from "@precipice/artifacts";
import { Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ReportData } from "./data.ts";
import { loadReport } from "./load.ts";

const Names = Schema.Record(Schema.String, Schema.String);

const Config = Schema.Struct({
  title: Schema.String.annotate({ description: "Heading of the page" }),
  subtitle: Schema.optionalKey(Schema.String.annotate({ description: "One line below the heading" })),
  pipeline: Schema.optionalKey(Schema.String.annotate({ description: "Name of the pipeline, shown under provenance" })),
  labels: Schema.optionalKey(
    Names.annotate({ description: "What a node or an ablation arm is called on the page; default: its own name" }),
  ),
  groups: Schema.optionalKey(
    Names.annotate({
      description:
        "Which repair a selection, adapter or metrics node belongs to; default: its name without eval_, select_, lora_ …",
    }),
  ),
  examples: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 24 }))
    .annotate({ description: "How many example traces to show" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(6))),
  tokenBudget: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    .annotate({ description: "How many tokens the trace browser holds; traces beyond are listed without theirs" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(1_500_000))),
});

/** Draws a run as one self-contained HTML file. Every input may be left out. */
export const reportHtml = Stage.make("report.html", {
  version: 4,
  description: "Draws a run as one self-contained HTML file",
  config: Config,
  inputs: {
    scores: Stage.many(Scores),
    traces: Stage.many(Traces),
    verdicts: Stage.many(Verdicts),
    heads: Stage.optional(Heads),
    patterns: Stage.optional(Patterns),
    benchmark: Stage.optional(AttributionBenchmark),
    metrics: Stage.many(Metrics),
    selections: Stage.many(Selection),
    studies: Stage.many(RepairStudy),
    adapters: Stage.many(Adapter),
  },
  outputs: { report: Report },
  run: Effect.fn("report.html")(function* ({ config, inputs, outputs, progress }) {
    const data: ReportData = { ...config, ...(yield* loadReport(inputs)) };
    progress(0, 1, "pages");
    const path = outputs.report.file("report.html");
    outputs.report.file("figures/.keep"); // the folder is there even when nothing can be drawn
    yield* Effect.tryPromise({
      try: async () => {
        // the chart library takes a fifth of a second to load: only a run that draws pays for it
        const [{ renderReport }, { drawFigure, figureNames }] = await Promise.all([
          import("./page.ts"),
          import("./figure.ts"),
        ]);
        await writeFile(path, renderReport(data));
        for (const name of figureNames) {
          const figure = drawFigure(name, data);
          if (figure !== undefined) await writeFile(outputs.report.file(`figures/${name}.svg`), figure);
        }
      },
      catch: (cause) => new StageError({ message: `The report could not be written to ${path}`, cause }),
    });
    progress(1, 1, "pages");
  }),
});
