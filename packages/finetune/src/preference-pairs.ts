/** Preference pairs of a repair: the reference response against the one the model wrote after the same thinking. */
import type { Trace, Verdict } from "@precipice/artifacts";
import { isRefusal } from "@precipice/judge";
import type { Checkpoint } from "@precipice/model";
import { ownRow, REGIONS, type RepairRow } from "./training-rows.ts";

export interface PreferencePair {
  readonly row: RepairRow;
  readonly rejected: RepairRow;
}

/**
 * The pair of a trace and its repair row: both have the same prompt and thinking, so only the responses are compared. None where
 * the model's own response was cut off, is blank, equals the reference, or was judged safe; without verdicts, none where a model
 * that should refuse did, by the refusal rules: a refusal is never what the model learns to avoid.
 */
export const preferencePair = (
  checkpoint: Checkpoint,
  trace: Trace,
  row: RepairRow,
  verdicts: ReadonlyArray<Verdict> | undefined,
): PreferencePair | undefined => {
  if (verdicts?.some((v) => v.trace_id === trace.id && v.verdict !== "harmful")) return undefined;
  if (verdicts === undefined && trace.label === "harmful" && isRefusal(trace.response)) return undefined;
  const rejected = ownRow(checkpoint, trace, REGIONS.slice(-1), "rejected");
  if (rejected === undefined || rejected.ids.join() === row.ids.join()) return undefined;
  const responseOnly = row.regions.map((region) => (region === "response" ? 1 : 0));
  return { row: { ...row, lossWeight: responseOnly }, rejected };
};
