/**
 * What each node's key was when it last ran or was reused: `.precipice/nodes/<pipeline>/<node>.json`. Only for saying *why*
 * a node must run and how long it took; whether it must run is decided by the store alone.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readFileText } from "@precipice/files";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { replaceFile } from "../store/durable.ts";
import { digestOf } from "./canonical.ts";

const KeyPartsSchema = Schema.Struct({
  stage: Schema.String,
  stageVersion: Schema.Number,
  package: Schema.optionalKey(Schema.String),
  config: Schema.Unknown,
  inputs: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  fingerprint: Schema.NullOr(Schema.String),
  numerics: Schema.Record(Schema.String, Schema.String),
});

export const NodeHistory = Schema.Struct({
  key: KeyPartsSchema,
  outcome: Schema.Literals(["done", "failed", "interrupted"]),
  /** Of the last time it really ran. */
  durationMs: Schema.NullOr(Schema.Number),
});
export type NodeHistory = typeof NodeHistory.Type;

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(NodeHistory));

/** The histories of a pipeline's nodes, by node. A missing or unreadable file is no history. */
export const readHistories = Effect.fnUntraced(function* (root: string, pipeline: string, nodes: Iterable<string>) {
  const folder = join(root, ".precipice", "nodes", pipeline);
  // Most nodes of a new pipeline have none: one listing is quicker than a thousand files that are not there.
  const files = new Set(yield* Effect.promise(() => readdir(folder).catch(() => [])));
  const known = [...nodes].filter((node) => files.has(fileOf(node)));
  const read = yield* Effect.forEach(
    known,
    (node) =>
      Effect.promise(() => readFileText(join(folder, fileOf(node))).catch(() => "")).pipe(
        Effect.map((text) => [node, Option.getOrUndefined(decode(text))] as const),
      ),
    { concurrency: 16 },
  );
  return new Map(read.flatMap(([node, history]) => (history === undefined ? [] : [[node, history] as const])));
});

export const writeHistory = (
  root: string,
  pipeline: string,
  node: string,
  history: NodeHistory,
): Effect.Effect<void, ArtifactError> => {
  const path = join(root, ".precipice", "nodes", pipeline, fileOf(node));
  return io(path, () => replaceFile(path, `${JSON.stringify(history, null, 2)}\n`));
};

/** Names of matrix nodes hold anything: they are escaped, and hashed where a file name could not be that long. */
const fileOf = (node: string): string => {
  const escaped = encodeURIComponent(node).replaceAll("*", "%2A");
  return `${escaped.length > 120 ? `${escaped.slice(0, 80)}-${digestOf(node)}` : escaped}.json`;
};
