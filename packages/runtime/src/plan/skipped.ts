/**
 * Skipped nodes by what skipped them: a condition on one node of a matrix takes dozens with it, and a list of all of them says
 * less than the condition and their number.
 */
import { skippedThrough } from "../pipeline/skip.ts";

/** Nodes that one condition skips: those it stands on, and those that need their results. */
export interface SkippedGroup {
  /** Why the first of them is skipped, e.g. `when: vars.controls`. */
  readonly reason: string;
  /** In the order of the plan. */
  readonly nodes: ReadonlyArray<string>;
}

/** Groups of the skipped nodes of a plan (or of a run, as `run.started` lists them), in order of their first node. */
export function skippedGroups(
  nodes: ReadonlyArray<{ readonly node: string; readonly status: string; readonly reason: string }>,
): ReadonlyArray<SkippedGroup> {
  const reasons = new Map<string, string>();
  const groups = new Map<string, Array<string>>();
  for (const { node, status, reason } of nodes) {
    if (status !== "skipped") continue;
    // Producers come first in a plan.
    const root = reasons.get(skippedThrough(reason) ?? "") ?? reason;
    reasons.set(node, root);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [node]);
    else group.push(node);
  }
  return [...groups].map(([reason, members]) => ({ reason, nodes: members }));
}
