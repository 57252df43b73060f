/**
 * Test support only: runs one stage on tables held in memory, with rows checked against the
 * schemas of their kinds in both directions. No store, no files: those have their own tests.
 */
import {
  type AnyKind,
  mapRowsInMemory,
  type Reader,
  type Stage,
  type StageError,
  type VectorBatch,
  type VectorSet,
  type Writer,
} from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";

/** What an input holds, or what a stage wrote: rows by table, vectors by set. */
export interface Content {
  readonly [name: string]: ReadonlyArray<object> | VectorSet<object>;
}

export interface StageRun {
  readonly exit: Exit.Exit<void, unknown>;
  /** By output, then table or vector set. */
  readonly outputs: Record<string, Record<string, never>>;
  readonly logs: readonly string[];
}

const reader = (kind: AnyKind, content: Content, index: number): Reader => ({
  kind,
  digest: `memory-${index}`,
  path: "/nowhere",
  node: `node${index}`,
  rows: (table: string) =>
    Effect.sync(() => {
      const decode = Schema.decodeUnknownSync(Schema.Array(kind.tables[table]) as unknown as Schema.Codec<never>);
      return decode(content[table] ?? []);
    }),
  rowBatches: (table: string, columns: ReadonlyArray<string>) =>
    Stream.succeed(
      ((content[table] as ReadonlyArray<Record<string, unknown>> | undefined) ?? []).map((row) =>
        Object.fromEntries(columns.map((column) => [column, row[column]])),
      ),
    ) as never,
  vectors: (set: string) => Effect.sync(() => content[set] as never),
  vectorBatches: (set: string, pick?: (row: never) => boolean) => {
    const batch = content[set] as VectorSet<never>;
    return (
      pick === undefined || batch.columns.filter(pick).length > 0 ? Stream.succeed(batch) : Stream.empty
    ) as never;
  },
  file: (relative: string) => `/nowhere/${relative}`,
});

const writer = (kind: AnyKind, into: Record<string, unknown>): Writer => ({
  kind,
  path: "/nowhere",
  writeRows: (table: string, rows: ReadonlyArray<unknown>) =>
    Effect.sync(() => {
      into[table] = Schema.decodeUnknownSync(Schema.Array(kind.tables[table]) as unknown as Schema.Codec<never>)(rows);
    }),
  appendRows: (table: string, rows: ReadonlyArray<unknown>) =>
    Effect.sync(() => {
      const decoded = Schema.decodeUnknownSync(Schema.Array(kind.tables[table]) as unknown as Schema.Codec<never>)(
        rows,
      );
      into[table] = [
        ...((into[table] as ReadonlyArray<unknown> | undefined) ?? []),
        ...(decoded as ReadonlyArray<unknown>),
      ];
    }),
  writeVectors: (set: string, batch: VectorBatch<object>) =>
    Effect.sync(() => {
      if (into[set] !== undefined) throw new Error("one batch of vectors is all this support knows");
      into[set] = batch;
    }),
  copyVectors: () => Effect.die("copies need a folder"),
  file: (relative: string) => `/nowhere/${relative}`,
});

/** Decodes the config as a pipeline would and runs the stage; inputs are one content or, for many, an array. */
export const runStage = async (
  // biome-ignore lint/suspicious/noExplicitAny: any stage, whatever its config and ports
  stage: Stage.Stage<any, any, any>,
  config: object,
  inputs: Record<string, Content | readonly Content[]>,
): Promise<StageRun> => {
  const logs: string[] = [];
  const outputs: Record<string, Record<string, never>> = {};
  const writers = Object.fromEntries(
    Object.entries<AnyKind>(stage.outputs).map(([name, kind]) => {
      outputs[name] = {};
      return [name, writer(kind, outputs[name])];
    }),
  );
  const readers = Object.fromEntries(
    Object.entries(inputs).map(([name, content], i) => {
      const spec = stage.inputs[name];
      const kind = spec._tag === "Port" ? spec.kind : spec;
      return [
        name,
        Array.isArray(content)
          ? content.map((one, j) => reader(kind, one, i + j))
          : reader(kind, content as Content, i),
      ];
    }),
  );
  const decoded = Schema.decodeUnknownSync(stage.config as Schema.Codec<never>)(config, { onExcessProperty: "error" });
  const exit = await Effect.runPromiseExit(
    Effect.scoped(
      stage.run({
        config: decoded,
        inputs: readers,
        outputs: writers,
        progress: () => {},
        mapRows: mapRowsInMemory({
          onFailures: (rows) => Effect.sync(() => void Object.assign(outputs, { failures: { failures: rows } })),
        }),
        streamRows: () => Effect.die("streams need a folder"),
        log: (message: string) => Effect.sync(() => void logs.push(message)),
        note: (message: string) => Effect.sync(() => void logs.push(message)),
        pipelineDir: "/nowhere",
        scratch: "/nowhere/scratch",
      }),
    ) as Effect.Effect<void>,
  );
  return { exit, outputs, logs };
};

/** The error a stage failed with; throws when it did not fail. */
export const failureOf = (run: StageRun): StageError => {
  const error = Exit.findErrorOption(run.exit);
  if (error._tag === "None") throw new Error(`the stage did not fail: ${JSON.stringify(run.exit)}`);
  return error.value as StageError;
};
