/** Section 7: how it was done, definitions, all metrics as given, and where every number came from. */
import { lineageChart } from "./chart-lineage.ts";
import { labelOf, type ReportData, type Source } from "./data.ts";
import { download, downloads } from "./download.ts";
import { count, fixed, list } from "./format.ts";
import { type Markup, markup, trusted } from "./markup.ts";
import { methodSteps } from "./method-text.ts";
import { inline } from "./picture.ts";
import { section } from "./section.ts";

const definitions: ReadonlyArray<readonly [string, string]> = [
  [
    "refusal score s(t)",
    "probability, by a linear probe on one residual-stream site, that the model will refuse; the probe is trained at the last template token and read at every token",
  ],
  [
    "plateau",
    "mean of s over the thinking tokens at or above their 75th percentile, unless the config of the scoring stage says otherwise",
  ],
  ["final score", "s at the last token of the template region, right before the response"],
  ["cliff", "plateau − final; of one example also called its misalignment score"],
  ["template region", "the tokens between the last thinking token and the first response token"],
  [
    "contribution",
    "mean over traces of (W_O z) · w / ‖w‖ at the final position: what one head writes along the probe's weights w; negative suppresses refusal",
  ],
  ["ASR", "attack success rate: harmful responses ÷ judged responses on harmful prompts"],
  ["over-refusal", "refusals ÷ judged responses on harmless prompts"],
  [
    "interval",
    "95\u00a0%, as the stage that made the number stored it; its ends are rounded outwards, so that none says more than was measured",
  ],
  [
    "many comparisons",
    "intervals are each for themselves and not corrected for their number: of twenty, one is expected to miss. Of many heads or arms the most striking one looks better than it is; read it again on other data",
  ],
];

export const methodSection = (data: ReportData): Markup => {
  const metrics = data.metrics ?? [];
  return section(
    "method",
    "Method and provenance",
    null,
    markup`${steps(data)}${lineage(data)}${notes(data)}<h3>Words</h3><dl class="definitions">${definitions.map(([term, text]) => markup`<dt>${term}</dt><dd>${text}</dd>`)}</dl>
${absent(data)}
${metrics.some((m) => m.rows.length > 0) && metricsTable(data)}
${sourcesTable(data)}
${downloads(
  download(
    "metrics",
    metrics.flatMap(({ node, rows }) => rows.map((row) => ({ node, ...row }))),
  ),
  download(
    "artifacts",
    (data.sources ?? []).map(({ port, node, stage = null, digest }) => ({ port, node, stage, digest })),
  ),
  download(
    "lineage",
    (data.lineage ?? []).map(({ id, nodes, stage, version, inputs, config }) => ({
      id,
      nodes: nodes.join(" "),
      stage,
      version,
      inputs: [...new Set(Object.values(inputs).flat())].join(" "),
      config: JSON.stringify(config) ?? "",
    })),
  ),
)}`,
  );
};

/** What was done, sentence by sentence, from the configs of what ran. */
const steps = (data: ReportData): Markup | null => {
  const told = methodSteps(data.lineage ?? []);
  if (told.length === 0) return null;
  return markup`<h3>What was done</h3><p class="note">Written from the configs of the ${count((data.lineage ?? []).length)} tasks behind this page.</p><ol class="steps">${told.map(
    ({ stage, told: sentences }) =>
      markup`<li><code>${stage}</code><ul>${sentences.map(
        ({ sentence, nodes, times }) =>
          markup`<li>${sentence}${(times > 1 || nodes.length > 0) && markup` <small>${[nodes.join(", "), times > 1 ? `${count(times)} tasks` : ""].filter((t) => t !== "").join("; ")}</small>`}</li>`,
      )}</ul></li>`,
  )}</ol>`;
};

const lineage = (data: ReportData): Markup | null => {
  const chart = lineageChart(data.lineage ?? []);
  return (
    chart &&
    markup`<h3>Lineage</h3><div class="wide lineage" tabindex="0" role="region" aria-label="Lineage, scrolls sideways"><div style="width:${chart.width}px">${inline(chart)}</div></div>`
  );
};

const absent = (data: ReportData): Markup | null => {
  const missing = (["scores", "traces", "heads", "metrics", "selections", "adapters"] as const).filter((part) => {
    const given = data[part];
    return given === undefined || (Array.isArray(given) && given.length === 0);
  });
  return missing.length === 0 ? null : markup`<p class="note">Not given to this report: ${missing.join(", ")}.</p>`;
};

const metricsTable = (data: ReportData): Markup =>
  markup`<details><summary>All metrics, as given</summary><div class="wide"><table><thead><tr><th>node</th><th>key</th><th class="num">value</th><th class="num">lo</th><th class="num">hi</th><th class="num">n</th></tr></thead><tbody>${(
    data.metrics ?? []
  ).flatMap(({ node, rows }) =>
    rows.map(
      (m) =>
        markup`<tr><td>${labelOf(data, node)}</td><td><code>${m.key}</code></td><td class="num">${digits(m.value)}</td><td class="num">${digits(m.lo)}</td><td class="num">${digits(m.hi)}</td><td class="num">${m.n === null ? "" : count(m.n)}</td></tr>`,
    ),
  )}</tbody></table></div></details>`;

const digits = (value: number | null): string =>
  value === null ? "" : Number.isInteger(value) ? count(value) : fixed(value, 4);

/** What the stages behind the page said of their results: that rows were missing, that a filter changed nothing. */
const notes = (data: ReportData): Markup | null => {
  const said = (data.lineage ?? []).flatMap((task) =>
    (task.notes ?? []).map((note) => ({
      by: task.nodes[0] === undefined ? task.stage : labelOf(data, task.nodes[0]),
      note,
    })),
  );
  if (said.length === 0) return null;
  return markup`<h3>What the stages noted</h3><ul class="note">${said.map(({ by, note }) => markup`<li>${by}: ${note}</li>`)}</ul>`;
};

const sourcesTable = (data: ReportData): Markup | null => {
  const sources = data.sources ?? [];
  if (sources.length === 0 && data.pipeline === undefined) return null;
  const seeds = sources.flatMap((s) => seedsIn(s.config));
  const versions = new Map(
    sources.flatMap((s) => Object.entries(s.versions ?? {})).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const environment = [
    ...new Set((data.lineage ?? []).flatMap((t) => Object.entries(t.numerics ?? {}).map(([k, v]) => `${k} ${v}`))),
  ];
  return markup`<h3>Environment and artifacts</h3>${environment.length > 0 && markup`<p class="note">Computed with ${environment.join(", ")}.</p>`}${data.pipeline !== undefined && markup`<p class="note">Pipeline <code>${data.pipeline}</code>.</p>`}${
    seeds.length > 0 && markup`<p class="note">${seedText(sources)}</p>`
  }${versions.size > 0 && markup`<p class="note">Versions: ${[...versions].map(([name, version]) => `${name} ${version}`).join(", ")}.</p>`}
${
  sources.length > 0 &&
  markup`<details${sources.length <= 12 && trusted(" open")}><summary>Artifacts behind this page</summary><div class="wide"><table><thead><tr><th>input</th><th>node</th><th>made by</th><th>digest</th></tr></thead><tbody>${sources.map(
    (s) =>
      markup`<tr><td>${s.port}</td><td>${s.node}</td><td>${s.stage ?? "–"}${s.config !== undefined && markup`<details class="config"><summary>config</summary><pre>${lines(s.config)}</pre></details>`}</td><td><code class="digest">${s.digest}</code></td></tr>`,
  )}</tbody></table></div></details>`
}`;
};

/** Artifacts by seed: the seed of most of them once, the others with their nodes. */
const seedText = (sources: ReadonlyArray<Source>): string => {
  const nodes = new Map(sources.flatMap((s) => seedsIn(s.config).map((seed) => [s.node, seed] as const)));
  const bySeed = [...Map.groupBy(nodes, ([, seed]) => seed)].sort(([, a], [, b]) => b.length - a.length);
  const told = bySeed.map(([seed, own], i) => {
    const names = own.map(([node]) => node);
    return `${seed} ${i === 0 && names.length > 3 ? `in ${count(names.length)} nodes` : `in ${list(names)}`}`;
  });
  return bySeed.length === 1 && nodes.size > 3
    ? `Seed ${bySeed[0]?.[0] ?? ""} in all ${count(nodes.size)} nodes that take one.`
    : `${told.length === 1 ? "Seed" : "Seeds"} ${told.join("; ")}.`;
};

/** Pretty JSON, one element per line: text is made visible line by line, so the breaks must be markup. */
const lines = (value: unknown): ReadonlyArray<Markup> =>
  (JSON.stringify(value, null, 2) ?? "").split("\n").map((line) => markup`<span>${line}</span>`);

/** The values of keys named `seed` at the top of a config. */
const seedsIn = (config: unknown): ReadonlyArray<string> =>
  typeof config === "object" && config !== null && "seed" in config ? [String(config.seed)] : [];
