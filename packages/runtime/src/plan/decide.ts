/** The pure half of planning: from what was seen to what will be done, and why. */
import type { Node } from "../pipeline/model.ts";
import type { Inspected, PlannedNode, PlanOptions } from "./plan.ts";
import { reasonToRun } from "./reason.ts";

type Decision = Pick<PlannedNode, "status" | "reason">;

/** Decides node by node in topological order, so that every producer is decided before its consumers. */
export function decide(inspected: ReadonlyArray<Inspected>, options: PlanOptions): ReadonlyArray<PlannedNode> {
  const wanted = options.only === undefined ? undefined : ancestry(inspected, options.only);
  const decided = new Map<string, PlannedNode & { readonly again: boolean }>();
  for (const seen of inspected) {
    const { node, key, digests, stored, history } = seen;
    if (wanted && !wanted.has(node.name)) continue;
    const producers = Object.entries(node.inputs).flatMap(([port, edges]) =>
      edges.flatMap((edge) => {
        const producer = decided.get(edge.node);
        return producer === undefined ? [] : [{ port, producer }];
      }),
    );
    const blockedBy = producers.find(({ producer }) => producer.status === "blocked");
    const forced = options.force?.includes(node.name) ?? false;
    const again = producers.find(({ producer }) => producer.again);
    const decision = (): Decision => {
      if (!forced && again === undefined && stored === "all" && seen.usable) {
        return { status: "cached", reason: "its result is in the store" };
      }
      if (blockedBy)
        return { status: "blocked", reason: `input ${blockedBy.port}: ${blockedBy.producer.node.name} is blocked` };
      if (options.only !== undefined && node.name !== options.only) {
        return { status: "blocked", reason: `not in the store, and --only ${options.only} leaves it out` };
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
      lastDurationMs: history?.durationMs ?? null,
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

/** The node and everything it needs. */
function ancestry(inspected: ReadonlyArray<Inspected>, name: string): ReadonlySet<string> {
  const byName = new Map(inspected.map(({ node }) => [node.name, node]));
  const found = new Set<string>();
  const visit = (current: string): void => {
    if (found.has(current)) return;
    found.add(current);
    for (const edge of Object.values(byName.get(current)?.inputs ?? {}).flat()) visit(edge.node);
  };
  visit(name);
  return found;
}
