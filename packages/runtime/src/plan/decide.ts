/** The pure half of planning: from what was seen to what will be done, and why. */
import type { Node } from "../pipeline/model.ts";
import { failuresTable } from "../shards/failures.ts";
import { canonicalJson } from "./canonical.ts";
import type { Inspected, PlannedNode } from "./plan.ts";
import { reasonToRun } from "./reason.ts";
import type { Selection } from "./selection.ts";

type Decision = Pick<PlannedNode, "status" | "reason">;

/** Decides node by node in topological order, so that every producer is decided before its consumers. */
export function decide(inspected: ReadonlyArray<Inspected>, selection: Selection): ReadonlyArray<PlannedNode> {
  const decided = new Map<string, PlannedNode & { readonly again: boolean }>();
  for (const seen of inspected) {
    const { node, key, digests, stored, history } = seen;
    const producers = Object.entries(node.inputs).flatMap(([port, edges]) =>
      edges.flatMap((edge) => {
        const producer = decided.get(edge.node);
        return producer === undefined ? [] : [{ port, producer }];
      }),
    );
    const blockedBy = producers.find(({ producer }) => producer.status === "blocked");
    const forced = selection.forced.has(node.name);
    const again = producers.find(({ producer }) => producer.again);
    const failures = Math.max(
      0,
      ...Object.values(seen.manifests).map(({ contents }) => contents.tables[failuresTable]?.rows ?? 0),
    );
    const decision = (): Decision => {
      if (node.skip !== undefined) return { status: "skipped", reason: node.skip };
      if (!forced && again === undefined && stored === "all" && seen.usable) {
        const but = failures === 0 ? "" : `, ${failures} row${failures === 1 ? "" : "s"} failed`;
        return { status: "cached", reason: `its result is in the store${but}` };
      }
      if (blockedBy)
        return { status: "blocked", reason: `input ${blockedBy.port}: ${blockedBy.producer.node.name} is blocked` };
      if (!selection.runnable.has(node.name)) {
        return { status: "blocked", reason: `not in the store, and ${selection.text} leaves it out` };
      }
      const running = producers
        .filter(({ producer }) => producer.status === "run")
        .map(({ port, producer }) => ({ port, node: producer.node.name }));
      return {
        status: "run",
        reason: reason(seen, forced, again && { port: again.port, node: again.producer.node }, running),
      };
    };
    const made = decision();
    decided.set(node.name, {
      node,
      key,
      digests,
      ...made,
      replace: made.status === "run" && stored !== "none",
      estimate: undefined,
      forced,
      failures: made.status === "cached" ? failures : 0,
      lastDurationMs: history?.durationMs ?? null,
      remembered: history?.outcome === "done" && canonicalJson(history.key) === canonicalJson(key),
      again: made.status === "run" && (forced || again !== undefined),
    });
  }
  return [...decided.values()].map(({ again: _, ...node }) => node);
}

function reason(
  { key, stored, usable, history }: Inspected,
  forced: boolean,
  again: { readonly port: string; readonly node: Node } | undefined,
  running: ReadonlyArray<{ readonly port: string; readonly node: string }>,
): string {
  if (forced) return "forced";
  if (again) return `input ${again.port}: ${again.node.name} will run again`;
  if (!usable) return "its stored result points at something that is gone";
  if (typeof stored === "object") return stored.broken;
  return reasonToRun(key, history, running);
}
