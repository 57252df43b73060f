/** `artifact.json`: what a folder holds and where it came from, so that an artifact explains itself without its pipeline. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { FileError } from "@precipice/files";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { readTextIfThere } from "../disk.ts";
import { ArtifactError } from "../errors.ts";
import { io, ioError } from "../io.ts";
import { WrongBytes } from "./verified-file.ts";

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
  files: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      bytes: Schema.Int,
      sha256: Schema.String,
      blocks: Schema.optionalKey(Schema.Array(Schema.String)),
    }),
  ),
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

/** The format that this version writes, and the only one so far. */
export const manifestFormat = 1;

export const Manifest = Schema.Struct({
  format: Schema.Literal(manifestFormat),
  kind: Schema.String,
  kindVersion: Schema.Int,
  digest: Schema.String,
  contents: Contents,
  origin: Origin,
  versions: Schema.Record(Schema.String, Schema.String),
  createdAt: Schema.String,
  /** Of the JSON of all other fields; absent where an earlier version wrote it. */
  manifestSha256: Schema.optionalKey(Schema.String),
});

export type Contents = typeof Contents.Type;
export type Origin = typeof Origin.Type;
export type Manifest = typeof Manifest.Type;

export const manifestFile = "artifact.json";

const decode = Schema.decodeUnknownEffect(Manifest);

/** Text of `artifact.json`, with a hash of all the rest of it: a flipped bit in a digest or a count is damage like any other. */
export const manifestText = (manifest: Manifest): string => {
  const { manifestSha256: _, ...rest } = manifest;
  return `${JSON.stringify({ ...rest, manifestSha256: hashOf(rest) }, null, 2)}\n`;
};

const hashOf = (manifest: object): string => createHash("sha256").update(JSON.stringify(manifest)).digest("hex");

/**
 * Reads `artifact.json` of an artifact folder, `undefined` when there is none. `E_ARTIFACT_DAMAGED` when it is not what was
 * written, `E_ARTIFACT_FORMAT` when a later version wrote it.
 */
export const findManifest = Effect.fnUntraced(function* (folder: string) {
  const path = join(folder, manifestFile);
  const text = yield* io(path, () => readTextIfThere(path)).pipe(
    Effect.mapError((error) =>
      error.cause instanceof FileError ? damaged(folder, `artifact.json: ${error.cause.reason}`, error.cause) : error,
    ),
  );
  if (text === undefined) return undefined;
  const parsed = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) => damaged(folder, `artifact.json is no JSON: ${(cause as Error).message}`),
  });
  const { manifestSha256, ...rest } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as {
    readonly [key: string]: unknown;
  };
  const hash = yield* Effect.try({
    try: () => (manifestSha256 === undefined ? undefined : hashOf(rest)),
    catch: () => damaged(folder, "artifact.json is nested too deeply"),
  });
  if (manifestSha256 !== hash) return yield* damaged(folder, "artifact.json has other bytes than when it was written");
  if (Number.isInteger(rest.format) && (rest.format as number) > manifestFormat)
    return yield* laterFormat(folder, rest.format as number);
  const manifest = yield* decode(parsed).pipe(
    Effect.mapError((cause) => damaged(folder, `artifact.json: ${cause.message.slice(0, mostOfMessage)}`)),
  );
  const outside = pathsOf(manifest).find((name) => !isInside(name));
  if (outside !== undefined)
    return yield* damaged(
      folder,
      `artifact.json names ${JSON.stringify(outside.slice(0, 200))}, which is no file of its folder`,
    );
  return manifest;
});

const mostOfMessage = 1000;

const pathsOf = ({ contents }: Manifest): ReadonlyArray<string> => [
  ...contents.files.map(({ path }) => path),
  ...[...Object.values(contents.tables), ...Object.values(contents.vectors)].map(({ file }) => file),
];

/** A relative path, written with `/`, that stays below where it starts. */
const isInside = (path: string): boolean =>
  path !== "" && !/[\0\\]/u.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

const laterFormat = (folder: string, format: number) =>
  new ArtifactError({
    code: "E_ARTIFACT_FORMAT",
    message: `${folder} has format ${format}, that of a later precipice; this one knows format ${manifestFormat}`,
    path: folder,
    remedy: "Use the version that wrote it, or another folder with --root.",
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
    remedy: "Run the pipeline with --heal: what is damaged is made anew, and nothing else.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What reading `file` of an artifact failed with: the file system, or bytes that are not what they should be. */
export function readError(folder: string, file: string, cause: unknown): ArtifactError {
  if (typeof (cause as NodeJS.ErrnoException | undefined)?.code === "string") return ioError(join(folder, file), cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return damaged(folder, cause instanceof WrongBytes ? message : `${file}: ${message}`, cause);
}
