/** Two runs side by side: what `precipice diff` computes, as a page. */
import { count, type Markup, markup, trusted } from "@precipice/report/html";
import { Run } from "@precipice/runtime";
import { metricText, valueText } from "../change-text.ts";
import { duration, short } from "../terminal/text.ts";
import type { CataloguedRun } from "./catalogue.ts";
import { stateMark, timeText } from "./facts.ts";
import { intervalPlot } from "./interval-plot.ts";
import { address } from "./route.ts";
import { part, shell } from "./shell.ts";

type Readable = CataloguedRun & { readonly record: Run.RunRecord };

/** `a` and `b` are the runs chosen, as far as there are such. */
export function comparePage(
  all: ReadonlyArray<CataloguedRun>,
  a: CataloguedRun | undefined,
  b: CataloguedRun | undefined,
  note?: string,
): string {
  const readable = all.filter((run): run is Readable => run.record !== undefined);
  const both = a?.record !== undefined && b?.record !== undefined;
  return shell({
    title: both ? `${a.id} and ${b.id} · Precipice` : "Compare runs · Precipice",
    trail: [{ name: "Compare" }],
    main: markup`<h1>Compare two runs</h1>${note !== undefined && markup`<div class="problem" role="status"><p>${note}</p></div>`}
<form class="tools" method="get" action="/compare">${choice("a", "A", readable, a?.id)}${choice("b", "B", readable, b?.id)}<button>Compare</button></form>
${both && comparison({ ...a, record: a.record as Run.RunRecord }, { ...b, record: b.record as Run.RunRecord })}`,
  });
}

const choice = (name: string, label: string, runs: ReadonlyArray<Readable>, chosen: string | undefined): Markup =>
  markup`<label>${label} <select name="${name}">${runs.map(({ id, status }) => markup`<option value="${id}"${id === chosen && trusted(" selected")}>${id} · ${status}</option>`)}</select></label>`;

const comparison = (a: Readable, b: Readable): Markup => {
  const diff = Run.diff(a, b);
  const changed = diff.metrics.filter(({ delta }) => delta !== 0);
  const equal = diff.metrics.filter(({ delta }) => delta === 0);
  const nodes = diff.nodes.filter(({ change }) => change !== "same");
  const same = diff.nodes.filter(({ change }) => change === "same");
  return markup`<div class="wide"><table class="cards"><thead><tr><th scope="col"></th><th scope="col">run</th><th scope="col">status</th><th scope="col">started</th><th class="num" scope="col">took</th></tr></thead><tbody>${(
    [
      ["A", a],
      ["B", b],
    ] as const
  ).map(
    ([name, { id, status, record }]) =>
      markup`<tr><th scope="row">${name}</th><td data-label="run"><a href="${address.run(id)}">${id}</a></td><td data-label="status">${stateMark(status)}</td><td data-label="started">${timeText(record.startedAt)}</td><td class="num" data-label="took">${duration(1000 * record.wallSeconds)}</td></tr>`,
  )}</tbody></table></div>
${part(
  "metrics",
  "Metrics",
  markup`${diff.metrics.length === 0 ? markup`<p class="note">Neither has any.</p>` : changed.length === 0 ? markup`<p class="note">All ${count(equal.length)} are equal.</p>` : metricsDiff(changed)}${
    changed.length > 0 &&
    equal.length > 0 &&
    markup`<details class="more"><summary>${count(equal.length)} equal</summary>${metricsDiff(equal)}</details>`
  }`,
  changed.length > 0 &&
    markup`On the scale from 0 to 1: <span class="key s1">A</span> above, <span class="key s2">B</span> below.`,
)}
${part(
  "nodes",
  "Nodes: config, inputs, outputs",
  markup`${nodes.length === 0 ? markup`<p class="note">All ${count(same.length)} nodes are the same.</p>` : nodesDiff(nodes)}${nodes.length > 0 && same.length > 0 && markup`<details class="more"><summary>${count(same.length)} the same</summary><p>${same.map(({ node }) => node).join(", ")}</p></details>`}`,
)}
${part("run", "Run", diff.run.length === 0 ? markup`<p class="note">Pipeline, versions, machine and commit are the same.</p>` : changes(diff.run.map((change) => ({ name: "", change }))), "Pipeline, status, versions, machine, commit.")}`;
};

const metricsDiff = (metrics: ReadonlyArray<Run.MetricDiff>): Markup =>
  markup`<div class="wide" tabindex="0" role="region" aria-label="Metrics"><table class="cards"><thead><tr><th scope="col">metric</th><th class="num" scope="col">A</th><th class="num" scope="col">B</th><th class="num" scope="col">B − A</th><th scope="col">95 % intervals</th><th scope="col"><span class="sr">on the scale from 0 to 1</span></th></tr></thead><tbody>${metrics.map(
    ({ key, a, b, delta, apart }) =>
      markup`<tr><th scope="row"><code>${key}</code></th><td class="num" data-label="A">${metricText(a)}</td><td class="num" data-label="B">${metricText(b)}</td><td class="num" data-label="B − A">${delta !== undefined && `${delta > 0 ? "+" : ""}${short(delta)}`}</td><td data-label="95 % intervals">${apart !== undefined && (apart ? markup`<span class="apart">apart</span>` : "overlap")}</td><td>${intervalPlot([a, b])}</td></tr>`,
  )}</tbody></table></div>`;

const nodesDiff = (nodes: ReadonlyArray<Run.NodeDiff>): Markup =>
  changes(
    nodes.flatMap(({ node, change, parts }) =>
      change === "changed"
        ? parts.map((change) => ({ name: node, change }))
        : [{ name: node, change: change === "added" ? { path: "", b: "only here" } : { path: "", a: "only here" } }],
    ),
  );

/** The name of a node stands at its first change. */
const changes = (rows: ReadonlyArray<{ readonly name: string; readonly change: Run.Change }>): Markup =>
  markup`<div class="wide" tabindex="0" role="region" aria-label="Differences"><table class="cards"><thead><tr><th scope="col">${rows.some((r) => r.name !== "") ? "node" : ""}</th><th scope="col">what</th><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody>${rows.map(
    ({ name, change: { path, a, b } }, i) =>
      markup`<tr><th scope="row">${name === rows[i - 1]?.name ? markup`<span class="again">${name}</span>` : name}</th><td data-label="what"><code>${path}</code></td><td class="removed" data-label="A">${valueText(a)}</td><td class="added" data-label="B">${valueText(b)}</td></tr>`,
  )}</tbody></table></div>`;
