/** Typed stages, artifacts and pipelines. No machine learning in here: read it as a table of contents. */

export type { AnyKind, Kind } from "./artifact/kind.ts";
export { Metrics } from "./artifact/metrics.ts";
export type { Reader, VectorSet } from "./artifact/reader.ts";
export type { VectorBatch, Writer } from "./artifact/writer.ts";
export * as Artifact from "./artifact.ts";
export { asStageError, attempt, errorCode, errorRemedy } from "./attempt.ts";
export { type ConfigKey, describe, type StageDescription } from "./describe.ts";
export {
  ArtifactError,
  formatIssue,
  PipelineError,
  type PipelineIssue,
  PluginError,
  RunError,
  StageError,
} from "./errors.ts";
export { pipelineJsonSchema } from "./json-schema.ts";
export * as Pipeline from "./pipeline.ts";
export { canonicalJson, digestOf } from "./plan/canonical.ts";
export { type Plan, type PlannedNode, type PlanOptions, plan } from "./plan/plan.ts";
export { type SkippedGroup, skippedGroups } from "./plan/skipped.ts";
export { type Sum, type Totals, totals } from "./plan/totals.ts";
export * as Plugin from "./plugin.ts";
export * as Registry from "./registry.ts";
export type { ErrorInfo, NodeState, RunEvent, RunStatus } from "./run/events.ts";
export { type ExecuteOptions, execute, type RunResult } from "./run/execute.ts";
export { type ReadersByOutput, type RunStageOptions, runStage } from "./run/stage.ts";
export * as Run from "./run.ts";
export type { FailureRow, OnError } from "./shards/failures.ts";
export {
  type Mapped,
  type MapRows,
  type MapRowsOptions,
  mapRowsInMemory,
  type Piece,
  type ShardInfo,
} from "./shards/map-rows.ts";
export type { StreamRows, StreamRowsOptions } from "./shards/stream-rows.ts";
export * as Stage from "./stage.ts";
export * as Store from "./store.ts";
