/** Attribute the refusal score to attention heads; ablate them; control with random heads. */

// Stages
export { headsAblate } from "./ablate-stage.ts";
export {
  type Attribution,
  type AttributionOptions,
  attributeHeads,
  lastWritingLayer,
  type ProbeDirection,
} from "./attribute-heads.ts";
export { headsAttribute } from "./attribute-stage.ts";
export { type CausalOptions, causalDeltas, type HeadIndex, scaleOf } from "./causal-check.ts";
export { headCount, randomHeads, topHeads } from "./choose-heads.ts";
