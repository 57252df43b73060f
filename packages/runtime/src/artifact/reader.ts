/** Reading a published artifact: rows from Parquet, vectors from Arrow whole or batch by batch, free files by path. */
import { open as openFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { announceRead } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io, readBytes, sizeOf } from "../io.ts";
import { FailureRow, failuresTable } from "../shards/failures.ts";
import { decodeVectors } from "./arrow.ts";
import { columnsOf } from "./column.ts";
import type { AnyKind, RowOf, RowSchema } from "./kind.ts";
import { damaged, type Manifest, readManifest } from "./manifest.ts";
import { decodeParquet, parquetBatches } from "./parquet.ts";
import { vectorBatches } from "./vector-file.ts";

/** Vectors with the columns that describe them: `data` is `[rows, dim]` row-major, row `i` belongs to `columns[i]`. */
export interface VectorSet<Row> {
  readonly columns: ReadonlyArray<Row>;
  readonly dim: number;
  readonly data: Float32Array; // [rows, dim]
}

/** One input of a stage: a whole, immutable artifact. */
export interface Reader<K extends AnyKind = AnyKind> {
  readonly kind: K;
  readonly digest: string;
  /** Absolute path of the artifact folder. */
  readonly path: string;
  /** Name of the node that produced it. */
  readonly node: string;
  readonly rows: <N extends keyof K["tables"] & string>(
    table: N,
  ) => Effect.Effect<ReadonlyArray<RowOf<K["tables"], N>>, ArtifactError>;
  /**
   * The same rows batch by batch, in their order, one batch in memory at a time: for tables too large to hold. Only `columns`
   * are read.
   */
  readonly rowBatches: <N extends keyof K["tables"] & string, C extends keyof RowOf<K["tables"], N> & string>(
    table: N,
    columns: ReadonlyArray<C>,
  ) => Stream.Stream<ReadonlyArray<Pick<RowOf<K["tables"], N>, C>>, ArtifactError>;
  /** `data` views the file's bytes without a copy when the vectors were written in one batch, as f32. */
  readonly vectors: <N extends keyof K["vectors"] & string>(
    set: N,
  ) => Effect.Effect<VectorSet<RowOf<K["vectors"], N>>, ArtifactError>;
  /**
   * The same vectors batch by batch, in their order, one batch in memory at a time. With `pick` only batches in which it accepts
   * a row are read (whole); of the others nothing but the columns.
   */
  readonly vectorBatches: <N extends keyof K["vectors"] & string>(
    set: N,
    pick?: (row: RowOf<K["vectors"], N>) => boolean,
  ) => Stream.Stream<VectorSet<RowOf<K["vectors"], N>>, ArtifactError>;
  /** Absolute path of a file of the artifact. */
  readonly file: (relative: string) => string;
}

/** A reader over an artifact folder. Nothing is read until asked for. */
export function open<K extends AnyKind>(
  kind: K,
  path: string,
  from: { readonly digest: string; readonly node: string },
): Reader<K> {
  const rows = Effect.fn("Reader.rows")((table: string) => readTable(path, table, kind.tables[table]));
  const rowBatches = (table: string, columns: ReadonlyArray<string>) =>
    Stream.unwrap(
      Effect.as(
        checkSize(path, `${table}.parquet`),
        Stream.fromAsyncIterable(fileBatches(join(path, `${table}.parquet`), kind.tables[table], columns), (cause) =>
          damaged(path, `${table}.parquet: ${messageOf(cause)}`, cause),
        ),
      ),
    );
  const vectors = Effect.fn("Reader.vectors")(function* (set: string) {
    const bytes = yield* contentBytes(path, `${set}.arrow`);
    return yield* Effect.try({
      try: () => decodeVectors(columnsOf(kind.vectors[set]), bytes),
      catch: (cause) => damaged(path, `${set}.arrow: ${messageOf(cause)}`, cause),
    });
  });
  const batches = (set: string, pick?: (row: never) => boolean) =>
    Stream.unwrap(
      Effect.as(
        checkSize(path, `${set}.arrow`),
        Stream.fromAsyncIterable(
          vectorBatches(columnsOf(kind.vectors[set]), join(path, `${set}.arrow`), pick as never),
          (cause) => damaged(path, `${set}.arrow: ${messageOf(cause)}`, cause),
        ),
      ),
    );
  return {
    kind,
    path,
    digest: from.digest,
    node: from.node,
    rows: rows as Reader<K>["rows"],
    rowBatches: rowBatches as unknown as Reader<K>["rowBatches"],
    vectors: vectors as Reader<K>["vectors"],
    vectorBatches: batches as Reader<K>["vectorBatches"],
    file: (relative) => join(path, relative),
  };
}

const readTable = Effect.fnUntraced(function* (path: string, name: string, schema: RowSchema) {
  const bytes = yield* contentBytes(path, `${name}.parquet`);
  return yield* Effect.tryPromise({
    try: () => decodeParquet(columnsOf(schema), bytes),
    catch: (cause) => damaged(path, `${name}.parquet: ${messageOf(cause)}`, cause),
  });
});

const rowsPerBatch = 5000;

/** Rows of a Parquet file that is read piece by piece. */
async function* fileBatches(path: string, schema: RowSchema, columns: ReadonlyArray<string>) {
  announceRead(path);
  const file = await openFile(path, "r");
  try {
    const { size } = await file.stat();
    const buffer = {
      byteLength: size,
      slice: async (start: number, end = size) => {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        if (bytesRead < bytes.length) throw new Error(`the file ended at byte ${start + bytesRead} of ${size}`);
        return bytes.buffer;
      },
    };
    yield* parquetBatches(columnsOf(schema), buffer, rowsPerBatch, columns);
  } finally {
    await file.close();
  }
}

/** Rows of its input that the stage which made an artifact has no result for, with the reason; none for most artifacts. */
export const failuresOf = Effect.fn("failuresOf")(function* (path: string) {
  const { contents } = yield* readManifest(path);
  if (contents.tables[failuresTable] === undefined) return [];
  return (yield* readTable(path, failuresTable, FailureRow)) as unknown as ReadonlyArray<FailureRow>;
});

/** The first file whose size is not what the manifest says, as a sentence; `undefined` when all fit. */
export const findDamage = (folder: string, manifest: Manifest): Effect.Effect<string | undefined, ArtifactError> =>
  io(folder, async () => {
    for (const { path, bytes } of manifest.contents.files) {
      const size = await sizeOf(join(folder, path));
      if (size === undefined) return `${path} is missing`;
      if (size !== bytes) return `${path} has ${size} bytes, not ${bytes}`;
    }
    return undefined;
  });

const checkSize = Effect.fnUntraced(function* (folder: string, file: string) {
  const manifest = yield* readManifest(folder);
  const entry = manifest.contents.files.find(({ path }) => path === file);
  const bytes = yield* io(join(folder, file), async () => (await stat(join(folder, file))).size);
  if (entry === undefined || entry.bytes !== bytes) {
    return yield* damaged(folder, `${file} has ${bytes} bytes, not ${entry?.bytes ?? "any"}`);
  }
});

const contentBytes = (folder: string, file: string) =>
  Effect.andThen(
    checkSize(folder, file),
    io(join(folder, file), () => readBytes(join(folder, file))),
  );

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
