/** Writing an artifact into a private folder; nothing is visible to others until the store publishes it whole. */
import { mkdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import * as Effect from "effect/Effect";
import { writeChunks } from "../disk.ts";
import { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { FailureRow, failuresTable } from "../shards/failures.ts";
import { dtypeOf, type VectorDType, VectorEncoder } from "./arrow.ts";
import { columnsOf } from "./column.ts";
import { FileHash, inventory } from "./inventory.ts";
import type { AnyKind, RowOf, RowSchema } from "./kind.ts";
import { type Contents, damaged, readError, readManifest } from "./manifest.ts";
import { encodeParquet, ParquetStream } from "./parquet.ts";
import type { Reader } from "./reader.ts";
import { findBadRow } from "./rows.ts";
import { copyBatches } from "./vector-file.ts";
import { VerifiedFile } from "./verified-file.ts";

/** Vectors to write: `data` is `[rows, dim]` row-major, f32 or the raw bits of f16; row `i` belongs to `columns[i]`. */
export interface VectorBatch<Row> {
  readonly columns: ReadonlyArray<Row>;
  readonly dim: number;
  readonly data: Float32Array | Uint16Array; // [rows, dim]
}

/** One output of a stage. Every table, vector set and file of the kind must be written before the stage ends. */
export interface Writer<K extends AnyKind = AnyKind> {
  readonly kind: K;
  /** Absolute path of the folder being written; published (renamed) when the stage has succeeded. */
  readonly path: string;
  /** Writes a whole table, once. Rows are checked against the Schema: `E_ROWS` names the row and the column. */
  readonly writeRows: <N extends keyof K["tables"] & string>(
    table: N,
    rows: ReadonlyArray<RowOf<K["tables"], N>>,
  ) => Effect.Effect<void, ArtifactError>;
  /** Appends a batch to a table and keeps nothing of it, for tables too large to hold. Not together with `writeRows`. */
  readonly appendRows: <N extends keyof K["tables"] & string>(
    table: N,
    rows: ReadonlyArray<RowOf<K["tables"], N>>,
  ) => Effect.Effect<void, ArtifactError>;
  /**
   * Appends a batch of vectors to the file and keeps nothing of it; every batch of a set has the same `dim` and the same type,
   * f32 or f16.
   */
  readonly writeVectors: <N extends keyof K["vectors"] & string>(
    set: N,
    batch: VectorBatch<RowOf<K["vectors"], N>>,
  ) => Effect.Effect<void, ArtifactError>;
  /** Appends all vectors of another artifact of this kind, as they lie there: bytes are copied, no row is read. */
  readonly copyVectors: <N extends keyof K["vectors"] & string>(
    set: N,
    from: Reader<K>,
  ) => Effect.Effect<void, ArtifactError>;
  /** Absolute path to write a free file to; its folders exist. */
  readonly file: (relative: string) => string;
}

/** The `failures` table beside those of the kind, written by the runtime when rows failed. */
const schemaOf = (kind: AnyKind, table: string): RowSchema | undefined =>
  table === failuresTable ? FailureRow : kind.tables[table];

/** A writer and the step that ends it. */
export interface OpenWriter<K extends AnyKind = AnyKind> {
  readonly writer: Writer<K>;
  /** Adds the table `failures`: the rows a mapping stage has no result for. */
  readonly writeFailures: (rows: ReadonlyArray<FailureRow>) => Effect.Effect<void, ArtifactError>;
  /** Ends the files and lists them: `E_ARTIFACT_INCOMPLETE` when the kind promises something that was not written. */
  readonly seal: Effect.Effect<Contents, ArtifactError>;
}

/** A writer into `folder`, which must exist and be empty. */
export function create<K extends AnyKind>(kind: K, folder: string): OpenWriter<K> {
  const tables = new Map<string, number>();
  const encoders = new Map<string, VectorEncoder>();
  const rowsError = (what: string, message: string) =>
    new ArtifactError({ code: "E_ROWS", message: `${kind.name}.${what}: ${message}`, path: folder });

  /** What was written so far, file by file: hashed on its way, so that nothing is read back. */
  const written = new Map<string, FileHash>();
  const write = async (file: string, chunks: ReadonlyArray<Uint8Array>): Promise<void> => {
    const known = written.get(file);
    const content = known ?? new FileHash();
    written.set(file, content);
    if (chunks.length === 0 && known !== undefined) return;
    await writeChunks(join(folder, file), chunks, known === undefined ? "w" : "a");
    for (const chunk of chunks) content.add(chunk);
  };
  const append = (file: string, chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, ArtifactError> =>
    io(join(folder, file), () => write(file, chunks));

  const writeRows = Effect.fnUntraced(function* (table: string, rows: ReadonlyArray<never>) {
    const schema = schemaOf(kind, table);
    if (schema === undefined) return yield* rowsError(table, "no such table");
    if (tables.has(table)) return yield* rowsError(table, "already written: collect the rows and write them once");
    const bad = findBadRow(schema, rows);
    if (bad !== undefined) return yield* rowsError(table, bad);
    tables.set(table, rows.length);
    yield* append(`${table}.parquet`, [new Uint8Array(encodeParquet(columnsOf(schema), rows))]);
  });

  const streams = new Map<string, ParquetStream>();
  const appendRows = Effect.fnUntraced(function* (table: string, rows: ReadonlyArray<never>) {
    const schema = kind.tables[table];
    if (schema === undefined) return yield* rowsError(table, "no such table");
    const stream = streams.get(table) ?? new ParquetStream(columnsOf(schema));
    if (tables.has(table) && !streams.has(table)) return yield* rowsError(table, "already written as a whole");
    const bad = findBadRow(schema, rows);
    if (bad !== undefined) return yield* rowsError(table, bad);
    streams.set(table, stream);
    yield* append(`${table}.parquet`, [stream.write(rows)]);
    tables.set(table, stream.rows);
  });

  const writeVectors = Effect.fnUntraced(function* (set: string, batch: VectorBatch<never>) {
    const schema = kind.vectors[set];
    if (schema === undefined) return yield* rowsError(set, "no such vectors");
    const { columns, data, dim } = batch;
    const encoder = encoderOf(set, dim, dtypeOf(data));
    if (encoder instanceof ArtifactError) return yield* encoder;
    if (data.length !== columns.length * dim) {
      return yield* rowsError(set, `${data.length} values are not ${columns.length} rows of ${dim}`);
    }
    const bad = findBadRow(schema, columns);
    if (bad !== undefined) return yield* rowsError(set, bad);
    encoders.set(set, encoder);
    const chunks = yield* Effect.try({
      try: () => encoder.write(batch),
      catch: (cause) => rowsError(set, cause instanceof Error ? cause.message : String(cause)),
    });
    yield* append(`${set}.arrow`, chunks);
  });

  const encoderOf = (set: string, dim: number, dtype: VectorDType): VectorEncoder | ArtifactError => {
    const encoder = encoders.get(set) ?? new VectorEncoder(columnsOf(kind.vectors[set]), dim, dtype);
    if (encoder.dim !== dim) return rowsError(set, `dim ${dim} after batches of dim ${encoder.dim}`);
    if (encoder.dtype !== dtype) return rowsError(set, `${dtype} after batches of ${encoder.dtype}`);
    return encoder;
  };

  const copyVectors = Effect.fnUntraced(function* (set: string, from: Reader) {
    if (kind.vectors[set] === undefined) return yield* rowsError(set, "no such vectors");
    const name = `${set}.arrow`;
    const source = join(from.path, name);
    const { vectors, files } = (yield* readManifest(from.path)).contents;
    const rows = vectors[set]?.rows;
    const listed = files.find(({ path }) => path === name);
    if (rows === undefined || listed === undefined) return yield* damaged(from.path, `it has no ${set}`);
    if (rows === 0) return;
    yield* Effect.tryPromise({
      try: async () => {
        let encoder: VectorEncoder | ArtifactError | undefined;
        await copyBatches(
          await VerifiedFile.open(source, listed),
          async (dim, dtype) => {
            encoder = encoderOf(set, dim, dtype);
            if (encoder instanceof ArtifactError) throw encoder;
            encoders.set(set, encoder);
          },
          (batch) => write(`${set}.arrow`, (encoder as VectorEncoder).splice(batch)),
          (bytes) => write(`${set}.arrow`, [bytes]),
        );
      },
      catch: (cause) => (cause instanceof ArtifactError ? cause : readError(from.path, name, cause)),
    });
  });

  const seal = Effect.gen(function* () {
    for (const [table, stream] of streams) yield* append(`${table}.parquet`, [stream.finish()]);
    for (const [set, encoder] of encoders) yield* append(`${set}.arrow`, encoder.finish());
    const missing = [
      ...Object.keys(kind.tables).filter((table) => !tables.has(table)),
      ...Object.keys(kind.vectors).filter((set) => !encoders.has(set)),
      ...(yield* io(folder, () => missingFiles(folder, kind.files))),
    ];
    if (missing.length > 0) return yield* incomplete(kind, folder, missing);
    const known = new Map([...written].map(([path, file]) => [path, file.entry(path)]));
    const files = yield* io(folder, () => inventory(folder, known));
    return {
      tables: Object.fromEntries(
        [...tables].map(([name, rows]) => [
          name,
          { file: `${name}.parquet`, rows, columns: columnsOf(schemaOf(kind, name) as RowSchema) },
        ]),
      ),
      vectors: Object.fromEntries(
        [...encoders].map(([name, { rows, dim }]) => [
          name,
          { file: `${name}.arrow`, rows, dim, columns: columnsOf(kind.vectors[name]) },
        ]),
      ),
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });

  const file = (relative: string): string => {
    const path = resolve(folder, relative);
    if (!path.startsWith(folder + sep)) throw new TypeError(`"${relative}" lies outside the artifact folder`);
    mkdirSync(relative.endsWith("/") ? path : dirname(path), { recursive: true });
    return path;
  };

  return {
    writer: {
      kind,
      path: folder,
      writeRows: writeRows as Writer<K>["writeRows"],
      appendRows: appendRows as Writer<K>["appendRows"],
      writeVectors: writeVectors as Writer<K>["writeVectors"],
      copyVectors: copyVectors as Writer<K>["copyVectors"],
      file,
    },
    writeFailures: (rows) => writeRows(failuresTable, rows as ReadonlyArray<never>),
    seal,
  };
}

async function missingFiles(folder: string, promised: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
  const found = await Promise.all(
    promised.map(async (path) => {
      const entry = await stat(join(folder, path)).catch(() => undefined);
      return path.endsWith("/") ? entry?.isDirectory() : entry?.isFile();
    }),
  );
  return promised.filter((_, index) => found[index] !== true);
}

function incomplete(kind: AnyKind, folder: string, missing: ReadonlyArray<string>): ArtifactError {
  return new ArtifactError({
    code: "E_ARTIFACT_INCOMPLETE",
    message: `The stage ended without writing ${missing.join(", ")} of its ${kind.name} output`,
    path: folder,
    remedy: "A stage must write every table, vector set and file of each output kind, empty ones too.",
  });
}
