/** Topological order of nodes, or the cycle that prevents it. */
import * as Graph from "effect/Graph";
import * as Option from "effect/Option";
import type { PlacedEdge } from "./edges.ts";
import type { Report } from "./report.ts";

export interface Wired {
  readonly name: string;
  readonly inputs: { readonly [port: string]: ReadonlyArray<PlacedEdge> };
}

/** Nodes with producers before consumers; `E_CYCLE` at one of the cycle's edges and the given order when there is none. */
export function ordered<N extends Wired>(nodes: ReadonlyArray<N>, report: Report): ReadonlyArray<N> {
  const graph = Graph.directed<N, PlacedEdge>((mutable) => {
    const indices = new Map(nodes.map((node) => [node.name, Graph.addNode(mutable, node)]));
    for (const node of nodes) {
      for (const edge of Object.values(node.inputs).flat()) {
        const from = indices.get(edge.node);
        const to = indices.get(node.name);
        if (from !== undefined && to !== undefined) Graph.addEdge(mutable, from, to, edge);
      }
    }
    return undefined;
  });
  const cycle = Graph.findCycle(graph);
  if (Option.isSome(cycle)) {
    const names = cycle.value.path.map((index) => Option.getOrThrow(Graph.getNode(graph, index)).name);
    const last = Graph.getEdge(graph, cycle.value.edges.at(-1) as number);
    const at = Option.getOrThrow(last).data.at;
    report.problem("E_CYCLE", `nodes wait for each other: ${names.join(" → ")}`, at, "Cut one of these edges.");
    return nodes;
  }
  return [...Graph.values(Graph.topo(graph))];
}
