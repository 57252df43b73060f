/** Shards in the content-addressed store: each one a whole artifact, readable and verifiable like any other. */
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import type { Manifest, Origin } from "../artifact/manifest.ts";
import { open } from "../artifact/reader.ts";
import { create } from "../artifact/writer.ts";
import { makeFolder } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import type { Store } from "../store/store.ts";
import { versions } from "../version.ts";
import { type Contents, contentsOf, type Piece, type ShardStore } from "./map-rows.ts";

/**
 * Shards of node `node`; one that is damaged is computed again; `force` leaves stored ones aside and replaces them.
 * `assertInputs` fails where a shard must not be kept, for what it was computed from has changed.
 */
export const storedShards = (
  store: Store,
  node: string,
  origin: Omit<Origin, "output" | "durationMs" | "shardRows">,
  force: boolean,
  assertInputs: Effect.Effect<void, ArtifactError>,
): ShardStore => ({
  find: <K extends AnyKind>(kind: K, digest: string) =>
    force
      ? Effect.succeed(undefined)
      : Effect.map(store.find(kind, digest, { bytes: true }), (found) =>
          found.state === "present"
            ? (open(kind, store.pathOf(kind, digest), { digest, node }) as Contents<K>)
            : undefined,
        ),
  keep: <K extends AnyKind>(
    kind: K,
    digest: string,
    pieces: ReadonlyArray<Piece<K>>,
    took: { readonly rows: number; readonly durationMs: number },
  ) =>
    Effect.gen(function* () {
      yield* assertInputs;
      const folder = yield* store.workspace;
      yield* io(folder, () => makeFolder(folder));
      const { writer, seal } = create(kind, folder);
      const contents = contentsOf<AnyKind>(pieces);
      for (const table of Object.keys(kind.tables)) yield* writer.writeRows(table, yield* contents.rows(table));
      for (const set of Object.keys(kind.vectors)) yield* writer.writeVectors(set, yield* contents.vectors(set));
      const manifest: Manifest = {
        format: 1,
        kind: kind.name,
        kindVersion: kind.version,
        digest,
        contents: yield* seal,
        origin: { ...origin, output: "shard", durationMs: took.durationMs, shardRows: took.rows },
        versions,
        createdAt: new Date().toISOString(),
      };
      const there = yield* store.find(kind, digest, { bytes: true });
      yield* store.publish(folder, kind, manifest, force || there.state === "damaged");
      return open(kind, store.pathOf(kind, digest), { digest, node }) as Contents<K>;
    }).pipe(Effect.scoped, Effect.uninterruptible),
});
