/** Cliff-as-a-Judge: pick training examples by the refusal cliff, beside the baselines at equal budget. */

export type { Budget } from "./budget.ts";
// What the selections were worth
export { selectCompare } from "./compare-stage.ts";
// The stages
export { selectExport } from "./export-stage.ts";
// The methods
export { type SelectMethod, selectMethods } from "./methods.ts";
// For pools too large to hold as objects
export { type Candidate, Pool, type Response } from "./pool.ts";
export { type RankedPool, type RankOptions, rankPool } from "./rank-pool.ts";
export { selectRank } from "./rank-stage.ts";
// The plain function
export { type Ranked, type SelectOptions, select } from "./select.ts";
export { type Measured, type Reading, type Study, type StudyOptions, studyOf } from "./study.ts";
