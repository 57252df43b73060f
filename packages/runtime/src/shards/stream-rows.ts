/**
 * Maps rows to results that are too large to hold: each shard is written to a file as it comes and put aside whole, so that a
 * kill costs the shards being written. They lie in the node's folder for work in progress, not in the store: vectors stored
 * twice for good would be gigabytes, so the shards go when the artifact that is put together from them is published.
 */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import type { AnyKind } from "../artifact/kind.ts";
import type { Manifest, Origin } from "../artifact/manifest.ts";
import { open, type Reader } from "../artifact/reader.ts";
import { create, type Writer } from "../artifact/writer.ts";
import { makeFolder, removeFolder } from "../disk.ts";
import type { ArtifactError, StageError } from "../errors.ts";
import { io } from "../io.ts";
import { digestOf } from "../plan/canonical.ts";
import { findIn } from "../store/found.ts";
import { publishFolder } from "../store/publish.ts";
import { versions } from "../version.ts";
import type { ShardInfo } from "./map-rows.ts";
import { type Span, splitRows } from "./split.ts";

export interface StreamRowsOptions<K extends AnyKind, Row, Resource> {
  /** What the shards hold. */
  readonly kind: K;
  readonly rows: ReadonlyArray<Row>;
  /** Average rows in a shard. */
  readonly rowsPerShard: number;
  /** Unit of the progress; default "rows". */
  readonly unit?: string;
  /** Acquired once, when the first missing shard is to be computed: nothing is loaded when every shard is there. */
  readonly open: Effect.Effect<Resource, StageError | ArtifactError, Scope.Scope>;
  /**
   * Computes the rows of one shard and writes every table and set of the kind, empty ones too. What it writes may depend on these
   * rows alone. `done` tells how many of them are through.
   */
  readonly run: (
    resource: Resource,
    rows: ReadonlyArray<Row>,
    writer: Writer<K>,
    done: (rows: number) => void,
  ) => Effect.Effect<void, StageError | ArtifactError>;
}

/** The shards in the order of the rows, to be put together with `Writer.copyVectors` or read one after the other. */
export type StreamRows = <K extends AnyKind, Row, Resource>(
  options: StreamRowsOptions<K, Row, Resource>,
) => Effect.Effect<ReadonlyArray<Reader<K>>, StageError | ArtifactError>;

/** What a node gives to the shards it streams. */
export interface StreamContext {
  readonly node: string;
  /** Where they lie: part of the node's work in progress, so of its key. */
  readonly folder: string;
  /** The folder above it that is there for certain. */
  readonly root: string;
  /** A private folder on the same file system (not created yet), removed with the scope. */
  readonly workspace: Effect.Effect<string, ArtifactError, Scope.Scope>;
  /** What is there is left aside. */
  readonly forced: boolean;
  readonly origin: Omit<Origin, "output" | "durationMs" | "shardRows">;
  readonly progress: (done: number, total: number, unit?: string) => void;
  /** Fails where a shard must not be kept, for what it was computed from has changed. */
  readonly assertInputs: Effect.Effect<void, ArtifactError>;
  readonly onShard: (shard: ShardInfo) => void;
}

interface Shard extends Span {
  readonly digest: string;
  readonly path: string;
  readonly index: number;
  readonly of: number;
  readonly state: "present" | "absent" | "damaged";
}

/** The `streamRows` of a node. */
export const streamRowsIn = (context: StreamContext): StreamRows =>
  Effect.fn("streamRows")(function* <K extends AnyKind, Row, Resource>(options: StreamRowsOptions<K, Row, Resource>) {
    const { kind, rows, unit = "rows" } = options;
    const shards = yield* findShards(context, options);
    const missing = shards.filter(({ state }) => state !== "present");
    for (const shard of shards) {
      if (shard.state === "present") context.onShard({ ...infoOf(kind, shard), state: "cached" });
    }
    let done = rows.length - missing.reduce((sum, { start, end }) => sum + end - start, 0);
    if (done > 0) context.progress(done, rows.length, unit);
    if (missing.length > 0) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const resource = yield* options.open;
          let publishing: Fiber.Fiber<void, ArtifactError> | undefined;
          for (const shard of missing) {
            const started = performance.now();
            const folder = yield* context.workspace;
            yield* io(folder, () => makeFolder(folder));
            const { writer, seal } = create(kind, folder);
            yield* options.run(resource, rows.slice(shard.start, shard.end), writer, (own) =>
              context.progress(done + own, rows.length, unit),
            );
            done += shard.end - shard.start;
            yield* context.assertInputs;
            const contents = yield* seal;
            const durationMs = Math.round(performance.now() - started);
            const manifest = manifestOf(context, kind, shard, contents, durationMs);
            // The next shard is computed while this one is flushed.
            if (publishing !== undefined) yield* Fiber.join(publishing);
            publishing = yield* Effect.forkChild(publishShard(context, kind, shard, folder, manifest));
          }
          if (publishing !== undefined) yield* Fiber.join(publishing);
        }),
      );
    }
    return shards.map(({ path, digest }) => open(kind, path, { digest, node: context.node }));
  }) as StreamRows;

const findShards = Effect.fnUntraced(function* <K extends AnyKind, Row, Resource>(
  { folder, forced }: StreamContext,
  { kind, rows, rowsPerShard }: StreamRowsOptions<K, Row, Resource>,
) {
  if (forced) yield* io(folder, () => removeFolder(folder));
  const digests = rows.map((row) => digestOf(row));
  const spans = splitRows(digests, rowsPerShard);
  return yield* Effect.forEach(
    spans,
    Effect.fnUntraced(function* (span, index) {
      // Of its place too: rows that are alike make shards that are alike.
      const digest = digestOf({
        kind: kind.name,
        version: kind.version,
        index,
        rows: digests.slice(span.start, span.end),
      });
      const path = join(folder, digest);
      const shard: Shard = {
        ...span,
        digest,
        path,
        index,
        of: spans.length,
        state: (yield* findIn(path, { bytes: true })).state,
      };
      return shard;
    }),
    { concurrency: 8 },
  );
});

const publishShard = Effect.fnUntraced(function* (
  { root, onShard }: StreamContext,
  kind: AnyKind,
  shard: Shard,
  folder: string,
  manifest: Manifest,
) {
  const replace = shard.state === "damaged";
  yield* io(shard.path, () => publishFolder({ folder, target: shard.path, kind, manifest, root, replace }));
  onShard({ ...infoOf(kind, shard), state: "done", durationMs: manifest.origin.durationMs });
});

const infoOf = (kind: AnyKind, { digest, index, of, start, end }: Shard): Omit<ShardInfo, "state"> => ({
  kind: kind.name,
  digest,
  index,
  of,
  rows: end - start,
});

const manifestOf = (
  { origin }: StreamContext,
  kind: AnyKind,
  { digest, start, end }: Shard,
  contents: Manifest["contents"],
  durationMs: number,
): Manifest => ({
  format: 1,
  kind: kind.name,
  kindVersion: kind.version,
  digest,
  contents,
  origin: { ...origin, output: "shard", durationMs, shardRows: end - start },
  versions,
  createdAt: new Date().toISOString(),
});
