/** Runs one stage without a pipeline or a store: for scripts, notebooks and the tests of stages. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { AnyKind } from "../artifact/kind.ts";
import { type Manifest, manifestFile, manifestText } from "../artifact/manifest.ts";
import { open, type Reader } from "../artifact/reader.ts";
import { create } from "../artifact/writer.ts";
import { type ArtifactError, StageError } from "../errors.ts";
import { io } from "../io.ts";
import { canonicalJson, digestOf } from "../plan/canonical.ts";
import { rowConfig } from "../plan/result-config.ts";
import { mapRowsIn, memoryShards } from "../shards/map-rows.ts";
import { streamRowsIn } from "../shards/stream-rows.ts";
import type { ConfigSchema, GivenReaders, Inputs, Outputs, ReadersOf, RunContext, Stage } from "../stage.ts";
import { claim, nameOf } from "../store/owner.ts";
import { versionsOf } from "../version.ts";
import { keepNotes } from "./notes.ts";

export interface RunStageOptions<C extends ConfigSchema, I extends Inputs> {
  /** As it would stand in YAML: defaults may be left out. */
  readonly config: C["Encoded"];
  readonly inputs: GivenReaders<I>;
  /** Outputs are written to `<folder>/<output>`, which must not exist; `<folder>/scratch` is for work in progress. */
  readonly folder: string;
  /** Where relative paths of the config are resolved; the working directory by default. */
  readonly pipelineDir?: string;
  readonly progress?: RunContext<never, never, never>["progress"];
  readonly log?: (message: string) => void;
}

export type ReadersByOutput<O extends Outputs> = { readonly [P in keyof O]: Reader<O[P]> };

/** Decodes the config (`E_CONFIG`), runs the stage and opens what it wrote. */
export const runStage = Effect.fn("runStage")(function* <C extends ConfigSchema, I extends Inputs, O extends Outputs>(
  stage: Stage<C, I, O>,
  options: RunStageOptions<C, I>,
): Effect.fn.Return<ReadersByOutput<O>, StageError | ArtifactError> {
  const schema: ConfigSchema = stage.config;
  const config = yield* Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" })(
    options.config,
  ).pipe(Effect.mapError((error) => new StageError({ code: "E_CONFIG", message: error.message, stage: stage.id })));
  const outputs = Object.entries(stage.outputs as { readonly [output: string]: AnyKind });
  const opened = yield* Effect.forEach(outputs, ([output, kind]) => {
    const path = join(resolve(options.folder), output);
    return Effect.map(
      io(path, () => mkdir(path, { recursive: true })),
      () => ({ output, kind, ...create(kind, path) }),
    );
  });
  const scratch = join(resolve(options.folder), "scratch");
  const started = performance.now();
  const progress = options.progress ?? (() => undefined);
  const log = (message: string) => Effect.sync(() => options.log?.(message));
  const { note, notes } = keepNotes(log);
  const inputDigests = Object.entries(
    options.inputs as { readonly [port: string]: Reader | ReadonlyArray<Reader> | undefined },
  );
  const origin = {
    stage: stage.id,
    stageVersion: stage.version,
    config: rowConfig(schema, config),
    inputs: Object.fromEntries(
      inputDigests.map(([port, readers]) => [port, [readers ?? []].flat().map(({ digest }) => digest)]),
    ),
    fingerprint: null,
    numerics: {},
  };
  const onShard = (): void => undefined;
  const mapRows = mapRowsIn({
    store: memoryShards(),
    key: origin,
    progress,
    onShard,
    onFailures: (rows) => Effect.forEach(opened, ({ writeFailures }) => writeFailures(rows), { discard: true }),
  });
  const streamRows = streamRowsIn({
    node: stage.id,
    folder: join(scratch, "shards"),
    root: resolve(options.folder),
    workspace: Effect.sync(() => join(scratch, nameOf(claim()))),
    forced: false,
    origin,
    progress,
    assertInputs: Effect.void,
    onShard,
  });
  yield* Effect.scoped(
    stage.run({
      config,
      inputs: options.inputs as ReadersOf<I>,
      outputs: Object.fromEntries(opened.map(({ output, writer }) => [output, writer])) as never,
      pipelineDir: options.pipelineDir ?? process.cwd(),
      progress,
      mapRows,
      streamRows,
      log,
      note,
      scratch,
    }),
  );
  const readers = yield* Effect.forEach(
    opened,
    Effect.fnUntraced(function* ({ output, kind, writer, seal }) {
      const contents = yield* seal;
      const digest = digestOf([stage.id, stage.version, canonicalJson(config), output, contents.files]);
      const manifest: Manifest = {
        format: 1,
        kind: kind.name,
        kindVersion: kind.version,
        digest,
        contents,
        origin: {
          stage: stage.id,
          stageVersion: stage.version,
          output,
          config,
          inputs: {},
          numerics: {},
          durationMs: Math.round(performance.now() - started),
          ...notes(),
        },
        versions: versionsOf(stage),
        createdAt: new Date().toISOString(),
      };
      yield* io(writer.path, () => writeFile(join(writer.path, manifestFile), manifestText(manifest)));
      return [output, open(kind, writer.path, { digest, node: stage.id })] as const;
    }),
  );
  yield* io(scratch, () => rm(scratch, { recursive: true, force: true }));
  return Object.fromEntries(readers) as unknown as ReadersByOutput<O>;
});
