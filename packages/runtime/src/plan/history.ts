/**
 * What each node's key was when it last ran or was reused: `.precipice/nodes/<pipeline>/<node>.json`. Only for saying *why*
 * a node must run and how long it took; whether it must run is decided by the store alone.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { replaceFile } from "../store/durable.ts";

const KeyPartsSchema = Schema.Struct({
  stage: Schema.String,
  stageVersion: Schema.Number,
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

/** A missing or unreadable file is no history. */
export const readHistory = (root: string, pipeline: string, node: string): Effect.Effect<NodeHistory | undefined> =>
  Effect.promise(() => readFile(pathOf(root, pipeline, node), "utf8").catch(() => "")).pipe(
    Effect.map((text) => Option.getOrUndefined(decode(text))),
  );

export const writeHistory = (
  root: string,
  pipeline: string,
  node: string,
  history: NodeHistory,
): Effect.Effect<void, ArtifactError> => {
  const path = pathOf(root, pipeline, node);
  return io(path, () => replaceFile(path, `${JSON.stringify(history, null, 2)}\n`));
};

const pathOf = (root: string, pipeline: string, node: string): string =>
  join(root, ".precipice", "nodes", pipeline, `${node}.json`);
