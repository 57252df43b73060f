/** A generation of rows that are all known when it starts: one lane, run to its end. */
import type { TokenScope } from "../text/token-scope.ts";
import { type Interventions, type LoopEvents, type LoopModel, openLane } from "./lane.ts";
import type { GenerationOptions, GenerationRow } from "./request.ts";
import { rowMaker } from "./row.ts";

/** Does something act by the regions of a row, so that they must be followed? */
export const needsRegions = (scopes: ReadonlyArray<TokenScope | undefined>): boolean =>
  scopes.some((scope) => scope === "template" || scope === "response");

export const generateRows = async (
  model: LoopModel,
  rows: ReadonlyArray<GenerationRow>,
  options: GenerationOptions,
  interventions: Interventions,
  events: LoopEvents,
): Promise<void> => {
  const lane = openLane(model, interventions, events);
  const regions = needsRegions([interventions.headScale?.scope, interventions.directionEdit?.scope]);
  lane.add(rows.map(rowMaker({ ...model, options, regions })));
  while (lane.rows > 0) await lane.turn();
};
