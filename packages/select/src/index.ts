/** Cliff-as-a-Judge: pick training examples by the refusal cliff, beside the baselines at equal budget. */

// The stage
export { selectRank } from "./rank-stage.ts";
// The plain function
export { type Candidate, type Ranked, type SelectMethod, type SelectOptions, select, selectMethods } from "./select.ts";
