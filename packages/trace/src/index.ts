/** Traces: open a model, choose prompts, generate, judge, evaluate. */

// Judging as plain functions
export { familySlug, ratesOf } from "./evaluate.ts";
// Stages
export { traceEvaluate } from "./evaluate-stage.ts";
export { traceGenerate } from "./generate-stage.ts";
export { type Judge, type Judgement, verdictOf } from "./judge.ts";
export { judgeByOrganismRules } from "./judge-organism.ts";
export { judgeByRefusalPrefix } from "./judge-refusal.ts";
export { traceJudge } from "./judge-stage.ts";
export { modelOpen } from "./model-stage.ts";
export { dataPrompts } from "./prompts-stage.ts";
export { findRefusal, isRefusal } from "./refusal.ts";
