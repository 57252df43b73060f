/** Reading a probe and the cliff of its scores, without models or files: what a page needs. */
export { type Cliff, cliffOf, type ScoredTrace } from "./cliff.ts";
export { type Calibrated, probabilityOf } from "./probability.ts";
