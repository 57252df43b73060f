/** One run: how it stands, its metrics, its nodes with timings, what came from what, its log and files. */
import { count, type Markup, markup, type Part } from "@precipice/report/html";
import type { Run } from "@precipice/runtime";
import { bytesText, duration } from "../terminal/text.ts";
import type { CataloguedRun } from "./catalogue.ts";
import { facts, json, stateMark, timeText } from "./facts.ts";
import { metricsTable } from "./metrics-table.ts";
import { nodeList } from "./node-list.ts";
import { address } from "./route.ts";
import { runLineage } from "./run-lineage.ts";
import type { RunState } from "./run-state.ts";
import { part, shell } from "./shell.ts";

export interface ShownRun {
  readonly run: CataloguedRun & { readonly record: Run.RunRecord };
  readonly state: RunState;
  /** Names of the files in its folder, folders as `name/`. */
  readonly files: ReadonlyArray<string>;
  /** The run before it of the same pipeline. */
  readonly before: string | undefined;
  readonly nowMs: number;
}

export function runPage({ run, state, files, before, nowMs }: ShownRun): string {
  const { id, record, status, summary } = run;
  const live = status === "running";
  const metrics = Object.entries(summary?.metrics ?? {});
  const span = state.spanMs(nowMs, live);
  const problems = [
    ...record.nodes.flatMap(({ node, error }) => (error === undefined ? [] : [{ node, error }])),
    ...(record.error === undefined ? [] : [{ node: "", error: record.error }]),
  ];
  return shell({
    title: `${record.pipeline} ${id} · Precipice`,
    trail: [{ name: record.pipeline, href: `/?${new URLSearchParams({ pipeline: record.pipeline })}` }, { name: id }],
    main: markup`<div id="run"${live && markup` data-events="${address.events(id)}"`}><h1>${record.pipeline}</h1>
<p id="summary" class="note"><span id="status">${stateMark(status)}</span> <span id="sum">${state.summary(nowMs, live)}</span></p>
${facts(
  ["started", timeText(record.startedAt)],
  ["file", markup`<code>${record.file}</code>`],
  [
    "commit",
    record.git &&
      markup`<code>${record.git.commit.slice(0, 10)}</code>${record.git.dirty && " with changes that are not committed"}`,
  ],
  ["most memory", record.peakRssBytes !== undefined && bytesText(record.peakRssBytes)],
)}
${problems.map(
  ({ node, error }) =>
    markup`<div class="problem" role="group" aria-label="What went wrong"><p>${node !== "" && markup`<b>${node}</b> `}<code>${error.code}</code> ${error.message}</p>${error.remedy !== undefined && markup`<p class="quiet">${error.remedy}</p>`}</div>`,
)}
<div class="actions">${files
      .filter((file) => /\.html?$/i.test(file))
      .map((file) => markup`<a class="button main" href="${address.report(id, file)}">Open ${file}</a>`)}${
      before !== undefined &&
      markup`<a class="button" href="${address.compare(before, id)}">Compare with the run before</a>`
    }</div>
${metrics.length > 0 && part("metrics", "Metrics", metricsTable(metrics), "With 95\u00a0% intervals; the small scale goes from 0 to 1.")}
${part("nodes", "Nodes", nodeList(record, state.lines(nowMs, live), span), markup`Choose one for its config, inputs and outputs. The bars show when it worked; the whole run took <span id="span">${duration(span)}</span>${live && " so far"}.`)}
${part("lineage", "Lineage", runLineage(record), "What every node reads. Choose one to go to it.")}
${part("log", "Log", markup`<pre class="log" tabindex="0" aria-label="Log" id="log-lines">${state.log().lines.map((line) => markup`<span>${line}</span>`)}</pre>`)}
${part("environment", "Environment and files", environment(record, files, id))}</div>`,
  });
}

const environment = (record: Run.RunRecord, files: ReadonlyArray<string>, id: string): Part => {
  const { environment: machine, versions, numerics } = record;
  const pairs = (all: { readonly [name: string]: string } | undefined): string =>
    Object.entries(all ?? {})
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  return [
    facts(
      ["machine", machine && `${machine.cpu}, ${count(machine.threads)} threads, ${bytesText(machine.memoryBytes)}`],
      ["system", machine && `${machine.platform} ${machine.release}`],
      ["versions", pairs(versions)],
      ["numerics", pairs(numerics)],
      ["variables set", machine?.variables?.join(", ")],
    ),
    markup`<h3>Files of the run</h3><ul class="files">${files.map((file) => markup`<li>${file.endsWith("/") ? file : markup`<a href="${address.file(id, file)}">${file}</a>`}</li>`)}</ul>`,
    markup`<details class="more"><summary>run.json</summary>${json({ ...record, nodes: `${record.nodes.length} nodes, above` })}</details>`,
  ];
};

/** Without a record there is nothing to show but its files. */
export const unreadableRunPage = (id: string, files: ReadonlyArray<string>): string =>
  shell({
    title: `${id} · Precipice`,
    trail: [{ name: id }],
    main: markup`<h1>${id}</h1><div class="problem"><p>Its <code>run.json</code> cannot be read.</p></div><ul class="files">${files.map((file): Markup => markup`<li><a href="${address.file(id, file)}">${file}</a></li>`)}</ul>`,
  });
