/** All runs: how they stand, a few of their metrics side by side, and the choice of two to compare. */
import { count, type Markup, markup, trusted } from "@precipice/report/html";
import { metricText } from "../change-text.ts";
import { duration } from "../terminal/text.ts";
import type { CataloguedRun } from "./catalogue.ts";
import { stateMark, timeText } from "./facts.ts";
import { address } from "./route.ts";
import { shell } from "./shell.ts";

/** Runs on one page. */
const perPage = 100;
/** Metrics shown where none are asked for. */
const fewMetrics = 4;

export function runsPage(root: string, all: ReadonlyArray<CataloguedRun>, query: URLSearchParams): string {
  const pipelines = [...new Set(all.flatMap(({ record }) => (record === undefined ? [] : [record.pipeline])))].sort();
  const pipeline = query.get("pipeline") ?? "";
  const fitting = all.filter(({ record }) => pipeline === "" || record?.pipeline === pipeline);
  const pages = Math.max(1, Math.ceil(fitting.length / perPage));
  const page = Math.min(pages, Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1));
  const shown = fitting.slice((page - 1) * perPage, page * perPage);
  const keys = metricKeys(shown);
  const asked = query.getAll("metric").filter((key) => keys.includes(key));
  const metrics = asked.length > 0 ? asked : tellingMetrics(shown, keys);
  return shell({
    title: "Runs · Precipice",
    main: markup`<h1>Runs</h1><p class="note">${count(fitting.length)} ${fitting.length === 1 ? "run" : "runs"} in <code>${root}</code>, newest first.</p>
${all.length === 0 ? empty : [filters(pipelines, pipeline, keys, metrics), table(shown, metrics), pager(query, page, pages)]}`,
  });
}

const empty = markup`<p>Nothing was run here yet. Start with <code>precipice run pipelines/quickstart.yaml</code>; this page shows it as it goes.</p>`;

/** In the order in which the runs list them. */
const metricKeys = (runs: ReadonlyArray<CataloguedRun>): ReadonlyArray<string> => [
  ...new Set(runs.flatMap(({ summary }) => Object.keys(summary?.metrics ?? {}))),
];

/** Of what most runs have, what differs most between them first: equal numbers tell runs apart in nothing. */
function tellingMetrics(runs: ReadonlyArray<CataloguedRun>, keys: ReadonlyArray<string>): ReadonlyArray<string> {
  const ranked = keys.map((key, place) => {
    const values = runs.flatMap(({ summary }) => summary?.metrics[key]?.value ?? []);
    return { key, place, runs: values.length, values: new Set(values.map((v) => v.toPrecision(4))).size };
  });
  ranked.sort((a, b) => b.runs - a.runs || b.values - a.values || a.place - b.place);
  return ranked.slice(0, fewMetrics).map(({ key }) => key);
}

const filters = (
  pipelines: ReadonlyArray<string>,
  pipeline: string,
  keys: ReadonlyArray<string>,
  metrics: ReadonlyArray<string>,
): Markup =>
  markup`<form class="tools" method="get" action="/"><label>Pipeline <select name="pipeline"><option value="">all</option>${pipelines.map(
    (name) => markup`<option value="${name}"${name === pipeline && trusted(" selected")}>${name}</option>`,
  )}</select></label>${
    keys.length > 0 &&
    markup`<details><summary>Metrics shown: ${count(metrics.length)} of ${count(keys.length)}</summary><div class="picker">${keys.map(
      (key) =>
        markup`<label><input type="checkbox" name="metric" value="${key}"${metrics.includes(key) && trusted(" checked")}><code>${key}</code></label>`,
    )}</div></details>`
  }<button>Show</button></form>`;

const table = (runs: ReadonlyArray<CataloguedRun>, metrics: ReadonlyArray<string>): Markup =>
  markup`<form method="get" action="/compare"><div class="tools"><button>Compare the two chosen</button><span class="quiet" id="chosen"></span></div>
<div class="wide" tabindex="0" role="region" aria-label="Runs"><table class="cards"><thead><tr><th class="pick" scope="col"><span class="sr">choose</span></th><th scope="col">run</th><th scope="col">status</th><th scope="col">started</th><th class="num" scope="col">took</th><th scope="col">nodes</th><th scope="col">commit</th>${metrics.map(
    (key) => markup`<th class="num" scope="col"><code>${breakable(key)}</code></th>`,
  )}</tr></thead><tbody>${runs.map((run) => row(run, metrics))}</tbody></table></div></form>`;

const row = ({ id, status, record, summary }: CataloguedRun, metrics: ReadonlyArray<string>): Markup => {
  const states = Object.entries(Object.groupBy(record?.nodes ?? [], ({ state }) => state));
  const { commit: full = "", dirty = false } = record?.git ?? {};
  const commit = full === "" ? "" : `${full.slice(0, 7)}${dirty ? "+" : ""}`;
  return markup`<tr><td class="pick"><input type="checkbox" name="run" value="${id}" aria-label="choose ${id}"></td><th scope="row"><a href="${address.run(id)}">${record?.pipeline ?? id}</a> <span class="quiet">${id.slice(-6)}</span></th><td data-label="status">${stateMark(status)}</td><td class="nowrap" data-label="started">${timeText(record?.startedAt)}</td><td class="num" data-label="took">${took(status, record?.wallSeconds)}</td><td data-label="nodes">${states.map(([state, nodes]) => `${nodes?.length ?? 0} ${state}`).join(", ")}</td><td class="nowrap" data-label="commit">${commit !== "" && markup`<code>${commit}</code>`}</td>${metrics.map(
    (key) => {
      const metric = summary?.metrics[key];
      const [value, interval] = metricText(metric).split(" [");
      return metric === undefined
        ? markup`<td class="num"></td>`
        : markup`<td class="num" data-label="${key}"><span>${value}${interval !== undefined && markup`<span class="ci">[${interval}</span>`}</span></td>`;
    },
  )}</tr>`;
};

/** A long key breaks between its words. */
const breakable = (key: string): ReadonlyArray<Markup> => key.split(/(?<=[._/])/).map((word) => markup`${word}<wbr>`);

const took = (status: string, wallSeconds: number | undefined): string =>
  wallSeconds === undefined || status === "running" || status === "killed" ? "" : duration(1000 * wallSeconds);

const pager = (query: URLSearchParams, page: number, pages: number): Markup | null => {
  if (pages === 1) return null;
  const to = (number: number, name: string) => {
    const next = new URLSearchParams(query);
    next.set("page", String(number));
    return markup`<a class="button" href="/?${next.toString()}">${name}</a>`;
  };
  return markup`<nav class="actions" aria-label="Pages">${page > 1 && to(page - 1, "Newer")}<span class="quiet">page ${count(page)} of ${count(pages)}</span>${page < pages && to(page + 1, "Older")}</nav>`;
};
