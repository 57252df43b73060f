/** `artifact.json`: what a folder holds and where it came from, so that an artifact explains itself without its pipeline. */
import { join } from "node:path";
import { FileError } from "@precipice/files";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { readTextIfThere } from "../disk.ts";
import { ArtifactError } from "../errors.ts";
import { io, ioError } from "../io.ts";

const ColumnInfo = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  nullable: Schema.Boolean,
  list: Schema.Boolean,
});

/** What the files hold; made by the writer. */
export const Contents = Schema.Struct({
  tables: Schema.Record(
    Schema.String,
    Schema.Struct({ file: Schema.String, rows: Schema.Int, columns: Schema.Array(ColumnInfo) }),
  ),
  vectors: Schema.Record(
    Schema.String,
    Schema.Struct({ file: Schema.String, rows: Schema.Int, dim: Schema.Int, columns: Schema.Array(ColumnInfo) }),
  ),
  files: Schema.Array(Schema.Struct({ path: Schema.String, bytes: Schema.Int, sha256: Schema.String })),
  bytes: Schema.Int,
});

/** Where it came from; made by the executor. `config` and `inputs` are those of the key. */
export const Origin = Schema.Struct({
  stage: Schema.String,
  stageVersion: Schema.Int,
  output: Schema.String,
  config: Schema.Unknown,
  inputs: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  numerics: Schema.Record(Schema.String, Schema.String),
  durationMs: Schema.Number,
  /** What a reader of the numbers is to know: what was missing, left out or changed nothing; one sentence each. */
  notes: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What the machine's processors took meanwhile, other work included; absent where the machine does not tell. */
  joules: Schema.optionalKey(Schema.Number),
  /** Digest of the outside content the config pointed at. */
  fingerprint: Schema.optionalKey(Schema.NullOr(Schema.String)),
  /** The shards its rows were put together from. */
  shards: Schema.optionalKey(Schema.Array(Schema.Struct({ kind: Schema.String, digest: Schema.String }))),
  /** Present on a shard: how many rows of its stage's input it holds the results of. */
  shardRows: Schema.optionalKey(Schema.Int),
});

export const Manifest = Schema.Struct({
  format: Schema.Literal(1),
  kind: Schema.String,
  kindVersion: Schema.Int,
  digest: Schema.String,
  contents: Contents,
  origin: Origin,
  versions: Schema.Record(Schema.String, Schema.String),
  createdAt: Schema.String,
});

export type Contents = typeof Contents.Type;
export type Origin = typeof Origin.Type;
export type Manifest = typeof Manifest.Type;

export const manifestFile = "artifact.json";

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Manifest));

/** Reads `artifact.json` of an artifact folder, `undefined` when there is none; `E_ARTIFACT_DAMAGED` when it is not valid. */
export const findManifest = Effect.fnUntraced(function* (folder: string) {
  const path = join(folder, manifestFile);
  const text = yield* io(path, () => readTextIfThere(path)).pipe(
    Effect.mapError((error) =>
      error.cause instanceof FileError ? damaged(folder, `artifact.json: ${error.cause.reason}`, error.cause) : error,
    ),
  );
  if (text === undefined) return undefined;
  return yield* decode(text).pipe(Effect.mapError((cause) => damaged(folder, `artifact.json: ${cause.message}`)));
});

/** The same where there must be one: `E_ARTIFACT_MISSING` when there is none. */
export const readManifest = Effect.fnUntraced(function* (folder: string) {
  const manifest = yield* findManifest(folder);
  if (manifest !== undefined) return manifest;
  const path = join(folder, manifestFile);
  return yield* ioError(path, Object.assign(new Error("not there"), { code: "ENOENT" }));
});

/** The error for an artifact whose bytes are not what `artifact.json` promises. */
export function damaged(folder: string, what: string, cause?: unknown): ArtifactError {
  return new ArtifactError({
    code: "E_ARTIFACT_DAMAGED",
    message: `${folder} is damaged: ${what}`,
    path: folder,
    remedy: "Delete that folder and run the pipeline again; only this result is made anew.",
    ...(cause === undefined ? {} : { cause }),
  });
}
