/** The stage `report.html`: reads what it is given, draws it, writes one file. */
import { writeFile } from "node:fs/promises";
import { Adapter, Heads, Metrics, Report, Scores, Selection, Traces } from "@precipice/artifacts";
import { Artifact, Stage, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ReportData, Source } from "./data.ts";
import { drawFigure, figureNames } from "./figure.ts";
import { renderReport } from "./page.ts";

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
});

/** Draws a run as one self-contained HTML file. Every input may be left out. */
export const reportHtml = Stage.make("report.html", {
  version: 1,
  description: "Draws a run as one self-contained HTML file",
  config: Config,
  inputs: {
    scores: Stage.many(Scores),
    traces: Stage.many(Traces),
    heads: Stage.optional(Heads),
    metrics: Stage.many(Metrics),
    selections: Stage.many(Selection),
    adapters: Stage.many(Adapter),
  },
  outputs: { report: Report },
  run: Effect.fn("report.html")(function* ({ config, inputs, outputs, progress }) {
    const { heads } = inputs;
    const data: ReportData = {
      ...config,
      scores: yield* Effect.forEach(inputs.scores, (reader) =>
        Effect.all({
          node: Effect.succeed(reader.node),
          traces: reader.rows("traces"),
          tokens: reader.rows("tokens"),
          curves: reader.rows("curves"),
        }),
      ),
      traces: yield* Effect.forEach(inputs.traces, (reader) => fromNode(reader.node, reader.rows("traces"))),
      heads: heads === undefined ? undefined : yield* fromNode(heads.node, heads.rows("heads")),
      metrics: yield* Effect.forEach(inputs.metrics, (reader) => fromNode(reader.node, reader.rows("metrics"))),
      selections: yield* Effect.forEach(inputs.selections, (reader) => fromNode(reader.node, reader.rows("selection"))),
      adapters: yield* Effect.forEach(inputs.adapters, (reader) => fromNode(reader.node, reader.rows("steps"))),
      sources: yield* Effect.forEach(Object.entries(inputs), ([port, readers]) =>
        Effect.forEach(readers === undefined ? [] : [readers].flat(), (reader) => sourceOf(port, reader)),
      ).pipe(Effect.map((sources) => sources.flat())),
    };
    progress(0, 1, "pages");
    const path = outputs.report.file("report.html");
    outputs.report.file("figures/.keep"); // the folder is there even when nothing can be drawn
    yield* Effect.tryPromise({
      try: async () => {
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

const fromNode = <Row, E>(node: string, rows: Effect.Effect<ReadonlyArray<Row>, E>) =>
  Effect.map(rows, (all) => ({ node, rows: all }));

/** What the artifact's own record says about its making; an unreadable record leaves only node and digest. */
const sourceOf = (port: string, { node, digest, path }: Pick<Artifact.Reader, "node" | "digest" | "path">) =>
  Artifact.readManifest(path).pipe(
    Effect.map(
      ({ origin, versions }): Source => ({
        port,
        node,
        digest,
        stage: `${origin.stage}@${origin.stageVersion}`,
        config: origin.config,
        versions,
      }),
    ),
    Effect.orElseSucceed((): Source => ({ port, node, digest })),
  );
