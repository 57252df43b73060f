/** The first rows of any artifact, from its `artifact.json` alone: for looking at results whose kind is not at hand. */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Column } from "./column.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { decodeParquet, type Row } from "./parquet.ts";
import { decodedFile, fileBatches, type VectorSet } from "./reader.ts";
import { vectorBatches } from "./vector-file.ts";

export interface Preview {
  readonly manifest: Manifest;
  readonly tables: ReadonlyArray<{ readonly name: string; readonly rows: number; readonly first: ReadonlyArray<Row> }>;
  readonly vectors: ReadonlyArray<{
    readonly name: string;
    readonly rows: number;
    readonly dim: number;
    /** Columns of the first rows plus `vector`, cut to its first values. */
    readonly first: ReadonlyArray<Row>;
  }>;
}

/** Values of a vector that a preview shows. */
const shownValues = 4;

/** Reads the first `limit` rows of every table and vector set. */
export const preview = Effect.fn("preview")(function* (folder: string, limit: number) {
  const manifest = yield* readManifest(folder);
  const tables = yield* Effect.forEach(
    Object.entries(manifest.contents.tables),
    Effect.fnUntraced(function* ([name, { file, rows, columns }]) {
      const first = yield* decodedFile(folder, file, (bytes) =>
        decodeParquet(columns as ReadonlyArray<Column>, bytes, Math.min(limit, rows)),
      );
      return { name, rows, first };
    }),
  );
  const vectors = yield* Effect.forEach(
    Object.entries(manifest.contents.vectors),
    Effect.fnUntraced(function* ([name, { file, rows, dim, columns }]) {
      const batches = fileBatches(folder, file, (source) => vectorBatches(columns as ReadonlyArray<Column>, source));
      const first = yield* Stream.runCollect(
        batches.pipe(
          Stream.flatMap((batch) => Stream.fromIterable(firstVectors(batch, limit))),
          Stream.take(limit),
        ),
      );
      return { name, rows, dim, first };
    }),
  );
  const result: Preview = { manifest, tables, vectors };
  return result;
});

function* firstVectors({ columns, dim, data }: VectorSet<Row>, limit: number): Generator<Row> {
  for (let i = 0; i < columns.length && i < limit; i++) {
    const vector = Array.from(data.subarray(i * dim, i * dim + Math.min(dim, shownValues)));
    yield { ...columns[i], vector };
  }
}
