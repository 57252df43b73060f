/** Everything about finished runs under one name: `Run.read`, `Run.summary`, `Run.latest`. */
export { resolveLatest as latest } from "./run/latest.ts";
export { type NodeOutcome, type RunRecord, readRun as read, readSummary as summary } from "./run/record.ts";
export type { Metric, Summary } from "./run/summary.ts";
