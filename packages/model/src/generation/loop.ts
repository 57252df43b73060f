/** A generation of rows that are all known when it starts: one lane, run to its end. */
import type { HostTensors } from "@precipice/onnx";
import type { TokenScope } from "../text/token-scope.ts";
import { type LoopEvents, type LoopModel, openLane } from "./lane.ts";
import type { GenerationOptions, GenerationRow, HeadScale } from "./request.ts";
import { rowMaker } from "./row.ts";

/** Does something act by the regions of a row, so that they must be followed? */
export const needsRegions = (scopes: ReadonlyArray<TokenScope | undefined>): boolean =>
  scopes.some((scope) => scope === "template" || scope === "response");

export const generateRows = async (
  model: LoopModel,
  rows: ReadonlyArray<GenerationRow>,
  options: GenerationOptions,
  headScale: HeadScale | undefined,
  events: LoopEvents,
  directionEdit?: { readonly feeds: HostTensors; readonly scope: TokenScope },
): Promise<void> => {
  const lane = openLane(model, { headScale, directionEdit }, events);
  const regions = needsRegions([headScale?.scope, directionEdit?.scope]);
  lane.add(rows.map(rowMaker({ ...model, options, regions })));
  while (lane.rows > 0) await lane.turn();
};
