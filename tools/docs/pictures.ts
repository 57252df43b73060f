/**
 * Draws docs/pictures/ from the latest run of paper-repro: every picture of the concepts is of that run.
 *
 *     npm run paper-repro && npm run docs:pictures
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { intervalChart } from "../../packages/report/src/chart-intervals.ts";
import { markup } from "../../packages/report/src/markup.ts";
import { combine, type Picture, standalone } from "../../packages/report/src/picture.ts";
import { linear } from "../../packages/report/src/scale.ts";
import { root } from "./pages.ts";
import { linePicture, type ScoredToken, wordsPicture } from "./picture-trace.ts";
import { type Measured, RunTables } from "./run-tables.ts";

/** A page's picture should load at once. */
const most = 40_000;

const { values } = parseArgs({ options: { root: { type: "string", default: root } } });
const run = new RunTables(values.root, "paper-repro");

interface TokenRow extends ScoredToken {
  readonly trace_id: string;
  readonly token_index: number | bigint;
}
interface ScoreRow {
  readonly trace_id: string;
  readonly prompt_id: string;
  readonly plateau: number | null;
  readonly final: number | null;
  readonly cliff: number | null;
}

const scoresOf = async (node: string) => ({
  tokens: Map.groupBy(await run.rows<TokenRow>(node, "scores", "tokens"), (row) => row.trace_id),
  traces: await run.rows<ScoreRow>(node, "scores", "traces"),
});
const [cliff, aligned] = [await scoresOf("scores_cliff"), await scoresOf("scores_aligned")];

/** The trace with the deepest cliff, ties by id: the same one for every picture. */
const [deepest] = cliff.traces
  .filter((row) => row.cliff !== null)
  .toSorted((a, b) => (b.cliff ?? 0) - (a.cliff ?? 0) || (a.trace_id < b.trace_id ? -1 : 1));
if (deepest === undefined) throw new Error("no trace of the run has a cliff");
const ordered = (rows: ReadonlyArray<TokenRow> | undefined) =>
  (rows ?? []).toSorted((a, b) => Number(a.token_index) - Number(b.token_index));
const tokens = ordered(cliff.tokens.get(deepest.trace_id));
const twin = aligned.traces.find(({ prompt_id }) => prompt_id === deepest.prompt_id);
const twinTokens = ordered(aligned.tokens.get(twin?.trace_id ?? ""));

const thinking = tokens.filter(({ region }) => region === "thinking").map(({ score }) => score);
const sorted = thinking.toSorted((a, b) => a - b);
const quantile = (p: number) => {
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? 0;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? low) - low);
};
const mean = (xs: ReadonlyArray<number>) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
const [plateau, fall] = [deepest.plateau ?? 0, deepest.cliff ?? 0];

const tail = (all: ReadonlyArray<ScoredToken>, before: number, after: number) => {
  const last = all.findLastIndex(({ region }) => region === "template");
  return all.slice(Math.max(0, last - before), last + 1 + after);
};

const intervals = (
  title: string,
  rows: ReadonlyArray<readonly [label: string, key: string, tone: "ink" | "refusal" | "muted"]>,
) =>
  intervalChart(
    title,
    rows.map(([label, key, tone]) => {
      const found: Measured | undefined = run.metrics[key];
      if (found === undefined) throw new Error(`the run has no metric ${key}`);
      return {
        label,
        value: found.value,
        lo: found.ci95?.[0] ?? null,
        hi: found.ci95?.[1] ?? null,
        n: found.n ?? null,
        tone,
      };
    }),
  );

/** Held-out scores of the probe's own training set, by what the model did. */
async function probePicture(): Promise<Picture> {
  const rows = await run.rows<{ readonly score: number; readonly label: number | bigint }>(
    "probe",
    "probe",
    "predictions",
  );
  const bins = 20;
  const classes = [
    ["refused", 1, "refusal"],
    ["answered", 0, "suppress"],
  ] as const;
  const counts = classes.map(([, refused]) => {
    const own = rows.filter(({ label }) => Number(label) === refused);
    return Array.from(
      { length: bins },
      (_, i) => own.filter(({ score }) => Math.min(bins - 1, Math.floor(score * bins)) === i).length,
    );
  });
  const high = Math.max(...counts.flat());
  const x = linear([0, 1], [30, 500]);
  const y = linear([0, high], [180, 30]);
  return {
    width: 620,
    height: 226,
    label: `Held-out probability of refusal for ${rows.length} traces: those that were refused lie near 1, those that were answered near 0.`,
    body: markup`<text class="panel-title" x="0" y="12">Held-out refusal score of ${rows.length} traces, by what the model did</text>
<path class="axis" d="M30 180H500"/>${[0, 0.5, 1].map((v) => markup`<text class="small mid" x="${x(v)}" y="198">${v.toFixed(1)}</text>`)}<text class="small" x="30" y="218">probability of refusal at the last token before the response</text>
${classes.map(([name, , tone], c) => markup`<g class="${tone}">${(counts[c] ?? []).map((n, i) => n > 0 && markup`<rect class="bar" x="${x(i / bins) + 1 + c * 11}" y="${y(n)}" width="10" height="${180 - y(n)}"/>`)}<text class="series-name" x="520" y="${60 + 22 * c}">${name}: ${String((counts[c] ?? []).reduce((a, b) => a + b, 0))}</text></g>`)}`,
  };
}

/** A figure of the run's own report, without what only the report's page uses. */
const figure = (name: string): string =>
  run
    .figure(name)
    .replace(/<rect class="hit"[^>]*\/>/g, "")
    .replace(/ data-[a-z]+="[^"]*"/g, "");

const drawn: Readonly<Record<string, string>> = {
  trace: standalone(wordsPicture(tokens), "A trace: prompt, thinking, close marker, response"),
  "two-models": standalone(
    combine(
      [
        wordsPicture(tail(twinTokens, 22, 14), "organism://aligned"),
        wordsPicture(tail(tokens, 22, 14), "organism://cliff"),
      ],
      "column",
      "The last words of the thinking and the response of two models to the same request",
    ),
    "The same request, two reasoning models",
  ),
  template: standalone(
    linePicture(tail(tokens, 8, 4), {
      title: "The end of the thinking, the close marker, the first words of the response",
      words: true,
      final: true,
    }),
    "The template region",
  ),
  probe: standalone(await probePicture(), "A refusal probe tells the two apart"),
  score: standalone(linePicture(tokens, { title: "s(t) along one trace" }), "Refusal score"),
  plateau: standalone(
    linePicture(tokens, {
      title: "Thinking tokens at or above their 75th percentile, and their mean",
      dots: ({ region, score }) => region === "thinking" && score >= quantile(0.75),
      levels: [
        { name: "plateau", value: plateau, tone: "s2" },
        { name: "mean", value: mean(thinking), tone: "s3" },
      ],
    }),
    "Plateau",
  ),
  final: standalone(
    combine(
      [
        linePicture(tail(twinTokens, 20, 0), { title: "organism://aligned", final: true }),
        linePicture(tail(tokens, 20, 0), { title: "organism://cliff", final: true }),
      ],
      "column",
      "The last tokens before the response of two models",
    ),
    "Final score",
  ),
  cliff: standalone(
    linePicture(tokens, {
      title: "The trace that falls deepest",
      levels: [{ name: "plateau", value: plateau, tone: "s2" }],
      final: true,
      cliff: fall,
    }),
    "Cliff",
  ),
  curves: figure("curves"),
  heads: figure("heads"),
  selection: figure("selection"),
  asr: standalone(
    intervals("Attack success rate, 95 % intervals", [
      ["as it is", "asr.base", "ink"],
      ["1 % ablated", "asr.ablate_1pct", "refusal"],
      ["3 % ablated", "asr.ablate_3pct", "refusal"],
      ["10 % ablated", "asr.ablate_10pct", "refusal"],
      ["3 % at random", "asr.random_3pct", "muted"],
      ["repaired", "select.cliff.asr", "refusal"],
    ]),
    "Harmful answers to harmful requests",
  ),
  "over-refusal": standalone(
    intervals("Over-refusal, 95 % intervals", [
      ["as it is", "overrefusal.base", "ink"],
      ["3 % ablated", "overrefusal.ablate_3pct", "refusal"],
      ["10 % ablated", "overrefusal.ablate_10pct", "refusal"],
      ["3 % at random", "overrefusal.random_3pct", "muted"],
      ["repaired", "select.cliff.overrefusal", "refusal"],
    ]),
    "Harmless requests refused",
  ),
};

const folder = join(root, "docs/pictures");
mkdirSync(folder, { recursive: true });
for (const [name, svg] of Object.entries(drawn)) {
  if (Buffer.byteLength(svg) > most)
    throw new Error(`${name}.svg has ${Buffer.byteLength(svg)} bytes, more than ${most}`);
  writeFileSync(join(folder, `${name}.svg`), svg);
  console.log(`docs/pictures/${name}.svg ${Buffer.byteLength(svg)} bytes`);
}
