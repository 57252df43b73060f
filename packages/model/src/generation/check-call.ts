/** Requests to a generation that make no sense or cannot fit into memory, found before any work. */
import { checkRows } from "../batch.ts";
import type { DirectionEdit } from "../decoder/direction-edit.ts";
import { DecoderError } from "../errors.ts";
import { type AdapterWeights, checkAdapter } from "./adapter-inputs.ts";
import { kvCacheBytes } from "./kv-budget.ts";
import type { OpenedProgram } from "./open-workers.ts";
import type { GenerationOptions, GenerationRow, HeadScale } from "./request.ts";
import { checkSampling } from "./sampling.ts";
import { checkBudget } from "./thinking-budget.ts";

export interface CallToCheck extends GenerationOptions {
  readonly headScale?: HeadScale | undefined;
  readonly directionEdit?: DirectionEdit | undefined;
  readonly adapter?: AdapterWeights | undefined;
}

/** Throws `DecoderError` naming the setting or the row. */
export const checkCall = (
  { config, maxTokens, kvBytes, headScale: mode, directionEdit: edits, adapter: shape }: OpenedProgram,
  rows: ReadonlyArray<GenerationRow>,
  { headScale, directionEdit, adapter, reasoning, maxNewTokens, budget, sampling = {}, stopStrings = [] }: CallToCheck,
): void => {
  const { vocab, layers, heads } = config;
  checkSampling(sampling);
  positive("maxNewTokens", maxNewTokens);
  if (budget !== undefined) checkBudget(budget);
  if (stopStrings.includes("")) throw new DecoderError({ what: "stopStrings", problem: "an empty text stops nothing" });
  const ids = rows.map((row) => row.ids);
  checkRows(ids, vocab, maxTokens - 1); // one place is for the answer
  ids.forEach((row, i) => {
    const most = Math.min(maxTokens, row.length + maxNewTokens);
    const bytes = kvCacheBytes(config, 1, most);
    if (bytes <= kvBytes) return;
    throw new DecoderError({
      what: `row ${i}`,
      problem: `needs ${bytes} bytes for the keys and values of ${most} tokens; a worker has ${Math.floor(kvBytes)}`,
      remedy: "lower maxNewTokens, use fewer workers, or raise kvBudgetBytes",
    });
  });
  for (const [what, scope] of Object.entries({ headScale: headScale?.scope, directionEdit: directionEdit?.scope })) {
    if ((scope !== "template" && scope !== "response") || reasoning !== undefined) continue;
    throw new DecoderError({
      what: `${what}.scope`,
      problem: `${scope} is told by the thinking's markers, and the call has no reasoning`,
      remedy: "pass reasoning: reasoningOf(checkpoint)",
    });
  }
  if (directionEdit !== undefined && !edits)
    throw new DecoderError({ what: "directionEdit", problem: "the generator was opened without it" });
  if (adapter !== undefined) checkAdapter(config, shape, adapter);
  if (headScale === undefined) return;
  const refuse = (problem: string): never => {
    throw new DecoderError({ what: "headScale", problem });
  };
  if (mode !== headScale.renorm)
    refuse(`the generator was opened for renorm mode ${mode ?? "(no head scaling)"}, not ${headScale.renorm}`);
  if (headScale.scale.length !== layers * heads)
    refuse(`has ${headScale.scale.length} factors for ${layers} × ${heads} heads`);
};

export const positive = (what: string, value: number): void => {
  if (!(Number.isInteger(value) && value >= 1))
    throw new DecoderError({ what, problem: `must be a positive integer, not ${value}` });
};
