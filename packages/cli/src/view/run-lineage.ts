/** The graph of a run's nodes, drawn as the report draws what is behind it. */
import { type LineageTask, lineageChart, type Markup, markup } from "@precipice/report/html";
import type { Run } from "@precipice/runtime";
import { nodeAnchor } from "./node-list.ts";

export const runLineage = (record: Run.RunRecord): Markup => {
  const chart = lineageChart(tasksOf(record), ({ id }) => `#${nodeAnchor(id)}`);
  if (chart === null) return markup`<p class="note">There are no nodes.</p>`;
  // it keeps its size and scrolls: shrunk to a telephone nobody could read it
  return markup`<div class="wide lineage" tabindex="0" role="region" aria-label="Lineage, scrolls sideways"><svg class="chart" width="${chart.width}" height="${chart.height}" viewBox="0 0 ${chart.width} ${chart.height}" role="group" aria-label="${chart.label}">${chart.body}</svg></div>`;
};

/** Nodes in the order in which they were planned: each after those it reads. */
const tasksOf = ({ nodes }: Run.RunRecord): ReadonlyArray<LineageTask> =>
  nodes.map(({ node, stage, stageVersion, config, inputs }) => ({
    id: node,
    nodes: [node],
    stage,
    version: stageVersion,
    config,
    inputs: Object.fromEntries(
      Object.entries(inputs ?? {}).map(([port, wires]) => [
        port,
        wires.map((wire) => wire.slice(0, wire.lastIndexOf("."))),
      ]),
    ),
  }));
