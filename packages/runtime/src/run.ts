/**
 * Everything about finished runs under one name: `Run.read`, `Run.summary`, `Run.latest`, `Run.list`, `Run.open`, `Run.diff`,
 * `Run.recordDeath`.
 */
export {
  type Change,
  diffRuns as diff,
  type MetricDiff,
  type NodeDiff,
  type RecordedRun,
  type RunDiff,
} from "./run/diff.ts";
export { resolveLatest as latest } from "./run/latest.ts";
export { type ListedRun, listRuns as list, newestFirst, openRun as open } from "./run/list.ts";
export { type NodeOutcome, type RunRecord, readRun as read, readSummary as summary } from "./run/record.ts";
export { recordDeath } from "./run/record-death.ts";
export type { Metric, Summary } from "./run/summary.ts";
