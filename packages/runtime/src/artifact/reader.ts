/** Reading a published artifact: rows from Parquet, vectors from Arrow whole or batch by batch, free files by path. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { isMissing } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io, sizeOf } from "../io.ts";
import { FailureRow, failuresTable } from "../shards/failures.ts";
import { decodeVectors } from "./arrow.ts";
import { columnsOf } from "./column.ts";
import type { AnyKind, RowOf, RowSchema } from "./kind.ts";
import { damaged, type Manifest, readError, readManifest } from "./manifest.ts";
import { decodeParquet, parquetBatches } from "./parquet.ts";
import { vectorBatches } from "./vector-file.ts";
import { type ByteSource, VerifiedFile, WrongBytes } from "./verified-file.ts";

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
    fileBatches(path, `${table}.parquet`, (file) => rowsOf(file, kind.tables[table], columns));
  const vectors = Effect.fn("Reader.vectors")((set: string) =>
    decodedFile(path, `${set}.arrow`, (bytes) => decodeVectors(columnsOf(kind.vectors[set]), bytes)),
  );
  const batches = (set: string, pick?: (row: never) => boolean) =>
    fileBatches(path, `${set}.arrow`, (file) => vectorBatches(columnsOf(kind.vectors[set]), file, pick as never));
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

const readTable = (path: string, name: string, schema: RowSchema) =>
  decodedFile(path, `${name}.parquet`, (bytes) => decodeParquet(columnsOf(schema), bytes));

/** What the manifest says of a file. */
const entryOf = Effect.fnUntraced(function* (folder: string, file: string) {
  const entry = (yield* readManifest(folder)).contents.files.find(({ path }) => path === file);
  return entry ?? (yield* damaged(folder, `artifact.json does not list ${file}`));
});

/** A file decoded from its verified bytes. */
export const decodedFile = Effect.fnUntraced(function* <A>(
  folder: string,
  file: string,
  decode: (bytes: Uint8Array<ArrayBuffer>) => A | Promise<A>,
) {
  const entry = yield* entryOf(folder, file);
  return yield* Effect.tryPromise({
    try: async () => {
      const source = await VerifiedFile.open(join(folder, file), entry);
      const bytes = await source.readAll().finally(() => source.close());
      return await decode(bytes);
    },
    catch: (cause) => readError(folder, file, cause),
  });
});

/** A file read piece by piece, each piece verified. `read` closes the file. */
export const fileBatches = <A>(folder: string, file: string, read: (source: ByteSource) => AsyncIterable<A>) =>
  Stream.unwrap(
    Effect.map(entryOf(folder, file), (entry) =>
      Stream.fromAsyncIterable(
        (async function* () {
          yield* read(await VerifiedFile.open(join(folder, file), entry));
        })(),
        (cause) => readError(folder, file, cause),
      ),
    ),
  );

const rowsPerBatch = 5000;

/** Rows of a Parquet file that is read piece by piece. */
async function* rowsOf(file: ByteSource, schema: RowSchema, columns: ReadonlyArray<string>) {
  try {
    const buffer = {
      byteLength: file.size,
      slice: async (start: number, end = file.size) => {
        const bytes = new Uint8Array(end - start);
        await file.read(bytes, start);
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

/**
 * The first file whose bytes are not what the manifest says, as a sentence; `undefined` when all are. What this process has
 * verified is not read again. With `since`, a file that was written to since an earlier look is wrong too, whatever it holds
 * now: a reader may have seen what it held meanwhile. The first look fills it.
 */
export const findWrongBytes = (
  folder: string,
  { contents }: Manifest,
  wanted: (path: string) => boolean = () => true,
  since?: Map<string, string>,
): Effect.Effect<string | undefined, ArtifactError> =>
  io(folder, async () => {
    for (const entry of contents.files.filter(({ path }) => wanted(path))) {
      try {
        const file = await VerifiedFile.open(join(folder, entry.path), entry);
        await file.verify().finally(() => file.close());
        const place = join(folder, entry.path);
        const before = since?.get(place);
        if (before !== undefined && before !== file.identity) return `${entry.path} changed while it was read`;
        since?.set(place, file.identity);
      } catch (cause) {
        if (cause instanceof WrongBytes) return cause.message;
        if (isMissing(cause)) return `${entry.path} is missing`;
        throw cause;
      }
    }
    return undefined;
  });
