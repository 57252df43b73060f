/** The lines of a plan: one per node, or on a terminal one per matrix where thousands of nodes would scroll by. */
import type { PlannedNode } from "@precipice/runtime";

/** A node, or nodes of one matrix that are alike. */
export interface PlanRow {
  /** `traces`, `traces[seed=1]`, or `traces[*] × 10000`. */
  readonly name: string;
  readonly nodes: readonly [PlannedNode, ...Array<PlannedNode>];
  readonly reason: string;
}

/** Plans of more lines than this are summed up. */
const mostLines = 100;

/** So many nodes of a matrix that are alike become one line. */
const fewest = 4;

/** `summed`: on a terminal. Elsewhere, and where there are few, each node has its line. */
export function planRows(nodes: ReadonlyArray<PlannedNode>, summed: boolean): ReadonlyArray<PlanRow> {
  if (!summed || nodes.length <= mostLines) return nodes.map(single);
  const groups = new Map<string, [PlannedNode, ...Array<PlannedNode>]>();
  for (const planned of nodes) {
    const { node, status, reason } = planned;
    const key = node.matrix === undefined ? node.name : [node.template, status, alike(reason)].join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [planned]);
    else group.push(planned);
  }
  return [...groups.values()].flatMap((group) =>
    group.length < fewest
      ? group.map(single)
      : [{ name: `${group[0].node.template}[*] × ${group.length}`, nodes: group, reason: alike(group[0].reason) }],
  );
}

const single = (planned: PlannedNode): PlanRow => ({
  name: planned.node.name,
  nodes: [planned],
  reason: planned.reason,
});

/** A reason without what differs from node to node: the values of a matrix, digests and changed values. */
const alike = (reason: string): string =>
  reason.replace(/\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\]/g, "[…]").replace(/ changed: (?!.* will run$).*$/, " changed");

/** What is known of the values of all `nodes`: `undefined` when it is of none. */
export const sumOf = (
  nodes: ReadonlyArray<PlannedNode>,
  value: (node: PlannedNode) => number | null | undefined,
): number | undefined => {
  const known = nodes.flatMap((node) => value(node) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
};
