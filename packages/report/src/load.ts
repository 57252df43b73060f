/** From the artifacts a report stage is given to the plain values a report is drawn from. */
import type {
  Adapter,
  AttributionBenchmark,
  Heads,
  Metrics,
  Patterns,
  RepairStudy,
  Scores,
  Selection,
  Traces,
  Verdicts,
} from "@precipice/artifacts";
import { Artifact } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { ReportData, Source } from "./data.ts";
import { lineageOf } from "./lineage.ts";
import { selectedSite } from "./selected-site.ts";

type Many<K extends Artifact.AnyKind> = ReadonlyArray<Artifact.Reader<K>>;

export interface ReportInputs {
  readonly scores: Many<typeof Scores>;
  readonly traces: Many<typeof Traces>;
  readonly verdicts: Many<typeof Verdicts>;
  readonly heads: Artifact.Reader<typeof Heads> | undefined;
  readonly patterns: Artifact.Reader<typeof Patterns> | undefined;
  readonly benchmark: Artifact.Reader<typeof AttributionBenchmark> | undefined;
  readonly metrics: Many<typeof Metrics>;
  readonly selections: Many<typeof Selection>;
  readonly studies: Many<typeof RepairStudy>;
  readonly adapters: Many<typeof Adapter>;
}

export const loadReport = Effect.fn("loadReport")(function* (inputs: ReportInputs) {
  const { heads, patterns, benchmark } = inputs;
  const given = Object.entries(inputs).flatMap(([port, readers]) =>
    readers === undefined ? [] : [readers].flat().map((reader: Artifact.Reader) => ({ port, reader })),
  );
  return {
    scores: yield* Effect.forEach(inputs.scores, (reader) =>
      Effect.all({
        node: Effect.succeed(reader.node),
        site: selectedSite(reader),
        traces: reader.rows("traces"),
        tokens: reader.rows("tokens"),
        curves: reader.rows("curves"),
        summary: reader.rows("summary"),
      }),
    ),
    traces: yield* Effect.forEach(inputs.traces, (reader) => fromNode(reader, reader.rows("traces"))),
    verdicts: yield* Effect.forEach(inputs.verdicts, (reader) =>
      Effect.all({
        node: Effect.succeed(reader.node),
        digest: Effect.succeed(reader.digest),
        rows: reader.rows("verdicts"),
        judged: judgedBy(reader),
      }),
    ),
    heads: heads === undefined ? undefined : yield* fromNode(heads, heads.rows("heads")),
    patterns: patterns === undefined ? undefined : yield* fromNode(patterns, patterns.rows("patterns")),
    benchmark: benchmark === undefined ? undefined : yield* fromNode(benchmark, benchmark.rows("curves")),
    metrics: yield* Effect.forEach(inputs.metrics, (reader) => fromNode(reader, reader.rows("metrics"))),
    selections: yield* Effect.forEach(inputs.selections, (reader) => fromNode(reader, reader.rows("selection"))),
    studies: yield* Effect.forEach(inputs.studies, (reader) =>
      Effect.all({
        node: Effect.succeed(reader.node),
        conclusions: reader.rows("conclusions"),
        curves: reader.rows("curves"),
      }),
    ),
    adapters: yield* Effect.forEach(inputs.adapters, (reader) => fromNode(reader, reader.rows("steps"))),
    sources: yield* Effect.forEach(given, ({ port, reader }) => sourceOf(port, reader)),
    lineage: yield* lineageOf(given.map(({ reader }) => reader)),
  } satisfies Partial<ReportData>;
});

const fromNode = <Row, E>(
  { node, digest }: Pick<Artifact.Reader, "node" | "digest">,
  rows: Effect.Effect<ReadonlyArray<Row>, E>,
) => Effect.map(rows, (all) => ({ node, digest, rows: all }));

/** Digests of the traces that were judged; undefined where the record does not say. */
const judgedBy = ({ path }: Pick<Artifact.Reader, "path">) =>
  Artifact.readManifest(path).pipe(
    Effect.map(({ origin }): ReadonlyArray<string> | undefined => origin.inputs["traces"]),
    Effect.orElseSucceed(() => undefined),
  );

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
