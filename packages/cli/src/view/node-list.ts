/** The nodes of a run, one line each: what it is, how it stands, when it worked; opened, all that is known of it. */
import { count, type Markup, markup, type Part } from "@precipice/report/html";
import type { Run } from "@precipice/runtime";
import { bytesText } from "../terminal/text.ts";
import { json, stateMark } from "./facts.ts";
import type { NodeLine } from "./live-line.ts";
import { address } from "./route.ts";

type NodeRecord = Run.RunRecord["nodes"][number];

/** Id of the element of a node: names may hold anything. */
export const nodeAnchor = (node: string): string => `node-${encodeURIComponent(node)}`;

export const nodeList = (record: Run.RunRecord, lines: ReadonlyArray<NodeLine>, spanMs: number): Markup => {
  const byNode = new Map(lines.map((line) => [line.node, line]));
  return markup`<div class="node-head" aria-hidden="true"><span>node</span><span>stage</span><span>state</span><span class="took">took</span><span>at, or why</span><span>when</span></div><ol class="nodes">${record.nodes.map(
    (node) => {
      const line = byNode.get(node.node);
      return line === undefined ? null : item(node, line, spanMs);
    },
  )}</ol>`;
};

const item = (node: NodeRecord, line: NodeLine, spanMs: number): Markup =>
  markup`<li id="${nodeAnchor(node.node)}" data-node="${node.node}"><details><summary><span class="name">${node.node}</span><span class="stage quiet">${node.stage}</span><span class="is">${stateMark(line.state)}</span><span class="took">${line.took}</span><span class="say">${line.note}</span><span class="when">${bar(line, spanMs)}<progress max="1" aria-label="progress of ${node.node}"${line.fraction === null ? markup` hidden` : markup` value="${fraction(line.fraction)}"`}></progress></span></summary><div class="inside"><dl>${known(node).map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl></div></details></li>`;

const fraction = (value: number): string => value.toFixed(3);

/** When it worked, on a line as long as the run; the page's script moves it while the run goes on. */
const bar = ({ fromMs, toMs, state }: NodeLine, spanMs: number): Markup => {
  const x = fromMs === null ? 0 : (1000 * fromMs) / spanMs;
  const width = fromMs === null || toMs === null ? 0 : Math.max(4, (1000 * (toMs - fromMs)) / spanMs);
  return markup`<svg class="bar-box" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" x="0" y="5" width="1000" height="2"/><rect class="span ${state.split(" ")[0] ?? ""}" x="${Math.min(996, x)}" y="1" width="${width}" height="10"/></svg>`;
};

const known = (node: NodeRecord): ReadonlyArray<readonly [string, Part]> => {
  const shards = node.shards ?? [];
  return [
    [
      "stage",
      markup`<code>${node.stage}</code> version ${count(node.stageVersion)}${node.package !== undefined && ` of ${node.package}`}`,
    ],
    ["why", node.reason],
    ...(node.error === undefined
      ? []
      : ([["error", markup`<code>${node.error.code}</code> ${node.error.message}`]] as const)),
    ...(node.failures === undefined ? [] : ([["failures", `${node.failures} rows without a result`]] as const)),
    ...(shards.length === 0 ? [] : ([["shards", count(shards.length)]] as const)),
    ...(node.peakRssBytes === undefined
      ? []
      : ([["memory", `at most ${bytesText(node.peakRssBytes)} by its end`]] as const)),
    ...Object.entries(node.inputs ?? {}).map(
      ([port, wires]) =>
        [
          `← ${port}`,
          wires.map((wire, i) => {
            const from = wire.slice(0, wire.lastIndexOf("."));
            return markup`${i > 0 && ", "}<a href="#${nodeAnchor(from)}">${wire}</a>`;
          }),
        ] as const,
    ),
    ...Object.entries(node.outputs ?? {}).map(
      ([output, { kind, digest }]) =>
        [
          `→ ${output}`,
          markup`<a href="${address.artifact(kind, digest)}">${kind} <code>${digest.slice(0, 12)}</code></a>`,
        ] as const,
    ),
    ["config", json(node.config)],
  ];
};
