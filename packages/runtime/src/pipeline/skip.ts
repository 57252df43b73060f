/** What a skipped node means for those behind it: ports that can do without go on, the others are skipped with it. */
import { type Inputs, portOf } from "../stage.ts";
import type { Node } from "./model.ts";

/** Nodes in topological order, with the skipped inputs of optional and many ports taken out. */
export function withoutSkipped(nodes: ReadonlyArray<Node>): ReadonlyArray<Node> {
  const skipped = new Set(nodes.filter(({ skip }) => skip !== undefined).map(({ name }) => name));
  return nodes.map((node) => {
    if (skipped.size === 0) return node;
    const ports = Object.entries(node.stage.inputs as Inputs);
    const lost = ports.flatMap(([port, spec]) =>
      portOf(spec).arity === "one"
        ? (node.inputs[port] ?? []).filter((edge) => skipped.has(edge.node)).map((edge) => ({ port, edge }))
        : [],
    )[0];
    const inputs = Object.fromEntries(
      Object.entries(node.inputs).flatMap(([port, edges]) => {
        const left = edges.filter((edge) => !skipped.has(edge.node));
        return left.length === 0 && edges.length > 0 ? [] : [[port, left] as const];
      }),
    );
    if (node.skip !== undefined) return { ...node, inputs };
    if (lost === undefined) return { ...node, inputs };
    skipped.add(node.name);
    return { ...node, inputs, skip: lostInput(lost.port, lost.edge.node) };
  });
}

const lostInput = (port: string, node: string): string => `input ${port}: ${node} is skipped`;

/** The node that a reason names as skipped; `undefined` when the reason is another. */
export const skippedThrough = (reason: string): string | undefined =>
  /^input [^:]+: (.+) is skipped$/.exec(reason)?.[1];
