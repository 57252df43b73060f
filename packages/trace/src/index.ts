/** Traces: open a model, choose prompts, generate, judge, evaluate. */

// Stages
export { modelCompare } from "./compare-stage.ts";
// Judging as plain functions
export { familySlug, ratesOf } from "./evaluate.ts";
export { traceEvaluate } from "./evaluate-stage.ts";
export { traceGenerate } from "./generate-stage.ts";
// For other tools
export {
  type InspectLog,
  type InspectRows,
  type InspectRun,
  type InspectUsage,
  inspectFileName,
  inspectLogs,
} from "./inspect/log.ts";
export { readClassifier } from "./judge-classifier.ts";
export { type Agreement, agreement, majority } from "./judge-majority.ts";
export { readRubric, rubricFormat } from "./judge-rubric.ts";
export { traceJudge } from "./judge-stage.ts";
export { modelOpen } from "./model-stage.ts";
export { dataPrompts } from "./prompts-stage.ts";
