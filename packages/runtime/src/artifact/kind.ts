/**
 * An artifact kind says what a folder of results holds: which tables (Parquet), which vectors (Arrow IPC) and which free
 * files, all described by Effect Schemas. Stages are wired by kinds, never by file names.
 */
import type * as Effect from "effect/Effect";
import type * as Schema from "effect/Schema";
import type { ArtifactError } from "../errors.ts";
import { failuresTable } from "../shards/failures.ts";
import { columnsOf } from "./column.ts";
import type { Reader } from "./reader.ts";

/** A row schema: a struct whose fields are column schemas (see `column.ts` for what a column may be). */
export type RowSchema = Schema.Struct<Schema.Struct.Fields>;

/** Tables or vector sets by name. */
export type RowSchemas = { readonly [name: string]: RowSchema };

/**
 * A kind of artifact.
 *
 * `tables.x` is stored as `x.parquet`; `vectors.x` as `x.arrow` with its columns plus `vector: FixedSizeList<float32>`;
 * `files` are paths relative to the artifact folder, a trailing `/` means a folder; `publish` are files that a finished run
 * also copies into its run folder.
 */
export interface Kind<
  Name extends string = string,
  Tables extends RowSchemas = RowSchemas,
  Vectors extends RowSchemas = RowSchemas,
> {
  readonly name: Name;
  /** Bump when the meaning of a column changes: it is part of every key. */
  readonly version: number;
  readonly description: string;
  readonly tables: Tables;
  readonly vectors: Vectors;
  readonly files: ReadonlyArray<string>;
  readonly publish: ReadonlyArray<string>;
  /**
   * Absolute folder with the files that an artifact stands for, outside of the store or within the artifact. They must not change
   * while a run reads them.
   */
  readonly outside?: (reader: Reader) => Effect.Effect<string, ArtifactError>;
}

/** Any kind, its tables and vectors forgotten. */
// biome-ignore lint/suspicious/noExplicitAny: row schemas are invariant, only `any` admits every kind
export type AnyKind = Kind<string, any, any>;

/** The rows of table or vector set `N` of a set of row schemas. */
export type RowOf<Schemas extends RowSchemas, N extends keyof Schemas> = Schemas[N]["Type"];

export interface KindOptions<Tables extends RowSchemas, Vectors extends RowSchemas> {
  readonly version: number;
  readonly description: string;
  readonly tables?: Tables;
  readonly vectors?: Vectors;
  readonly files?: ReadonlyArray<string>;
  readonly publish?: ReadonlyArray<string>;
  readonly outside?: Kind["outside"];
}

/**
 * Declares a kind.
 *
 * @throws TypeError when a name is not `[a-z][a-z0-9_-]*`, a column has no storage type, or a vector set declares a column
 * called `vector`.
 *
 * @example
 * ```ts
 * const Verdicts = Artifact.kind("verdicts", {
 *   version: 1,
 *   description: "One verdict per trace",
 *   tables: { verdicts: Schema.Struct({ trace_id: Schema.String, refused: Schema.Boolean }) },
 * })
 * ```
 */
export function kind<
  const Name extends string,
  // biome-ignore lint/complexity/noBannedTypes: `{}` is "no tables", a Record would allow any table name
  Tables extends RowSchemas = {},
  // biome-ignore lint/complexity/noBannedTypes: `{}` is "no vectors"
  Vectors extends RowSchemas = {},
>(name: Name, options: KindOptions<Tables, Vectors>): Kind<Name, Tables, Vectors> {
  const tables = options.tables ?? ({} as Tables);
  const vectors = options.vectors ?? ({} as Vectors);
  for (const part of [name, ...Object.keys(tables), ...Object.keys(vectors)]) {
    if (!/^[a-z][a-z0-9_-]*$/.test(part)) {
      throw new TypeError(`Artifact kind "${name}": "${part}" must match [a-z][a-z0-9_-]*`);
    }
  }
  if (Object.hasOwn(tables, failuresTable)) {
    throw new TypeError(`Artifact kind "${name}": "${failuresTable}" is the runtime's own table`);
  }
  for (const schema of Object.values(tables)) columnsOf(schema);
  for (const [set, schema] of Object.entries(vectors)) {
    if (columnsOf(schema).some((column) => column.name === "vector")) {
      throw new TypeError(`Artifact kind "${name}": vectors "${set}" may not declare a column called "vector"`);
    }
  }
  for (const file of [...(options.files ?? []), ...(options.publish ?? [])]) {
    if (file.startsWith("/") || file.split(/[\\/]/).includes("..")) {
      throw new TypeError(`Artifact kind "${name}": file "${file}" must lie inside the artifact folder`);
    }
  }
  return {
    name,
    version: options.version,
    description: options.description,
    tables,
    vectors,
    files: options.files ?? [],
    publish: options.publish ?? [],
    ...(options.outside === undefined ? {} : { outside: options.outside }),
  };
}
