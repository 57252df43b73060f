import { describe, expect, it } from "vitest";
import { figureNames, renderFigure } from "./figure.ts";
import { renderReport } from "./page.ts";
import { richRun } from "./testing/rich-run.ts";
import { metric, scoresFrom, smallRun } from "./testing/small-run.ts";
import { xmlFault } from "./testing/well-formed.ts";

const text = (html: string): string =>
  html
    .replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\u202f/g, " ")
    .replace(/\s+/g, " ");

const hostile = `</script></title><img src=x onerror="alert(1)">\u202e\u2066\u0000\ud800 & ' \` ]]>`;
const kept = new Set(["node", "key", "label", "region", "alignment"]);
const poison = (value: unknown): unknown => {
  if (typeof value === "string") return `${value}${hostile}`;
  if (Array.isArray(value)) return value.map(poison);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, kept.has(k) ? v : poison(v)]));
};
const names = ["scores_cliff", "base", "ablate_3pct", "select_cliff", "select_random", "ablated", hostile];
const poisoned = {
  ...(poison(richRun) as typeof richRun),
  labels: Object.fromEntries(names.map((name) => [name, hostile])),
  metrics: [...(richRun.metrics ?? []), { node: hostile, rows: [metric(hostile, 0.5)] }],
  sources: [
    {
      port: "heads",
      node: hostile,
      digest: hostile,
      stage: hostile,
      config: { [hostile]: hostile, seed: hostile },
      versions: { [hostile]: hostile },
    },
  ],
  pipeline: hostile,
};

describe("renderReport", () => {
  it("gives the same bytes for the same input", () => {
    expect(renderReport(structuredClone(smallRun))).toBe(renderReport(smallRun));
  });

  it("tells the result in words, with the numbers of the input", () => {
    const page = text(renderReport(smallRun));
    expect(page).toContain(
      "the refusal score of the cliff model falls from 0.90 [0.86, 0.94] to 0.10 [0.06, 0.14]; in the aligned model it stays at 0.89 [0.85, 0.93]",
    );
    expect(page).toContain(
      "Ablating 3 % of the heads brings the attack success rate (ASR) from 0.82 [0.65, 0.91] to 0.04 [0.03, 0.05]; as many random heads leave it at 0.80 [0.64, 0.88]",
    );
    expect(page).toContain("intervals are each for themselves and not corrected for their number");
    expect(page).toContain("Of the 2 planted heads, 1 is among the 2 that attribution ranks first");
    expect(page).toContain(
      "the ASR is 0.06 [0.04, 0.07] with cliff (2 rows) and 0.33 [0.26, 0.37] with random (2 rows)",
    );
  });

  it("does not claim a change that the intervals do not carry", () => {
    const rows = [
      { key: "asr.base", value: 0.5, lo: 0.4, hi: 0.6, n: 20 },
      { key: "asr.ablate_3pct", value: 0.45, lo: 0.35, hi: 0.55, n: 20 },
    ];
    expect(text(renderReport({ title: "t", metrics: [{ node: "e", rows }] }))).toContain(
      "leaves the attack success rate (ASR) at 0.45 [0.35, 0.55] (0.50 [0.40, 0.60] without)",
    );
  });

  it("says so when the score does not fall", () => {
    expect(text(renderReport({ title: "t", scores: [scoresFrom("drifted", [0, 0.01])] }))).toContain(
      "does not fall (0.90 [0.86, 0.94] while thinking, 0.90 [0.85, 0.94] at the end)",
    );
  });

  it("shows every interval, head and token as given", () => {
    const html = renderReport(smallRun);
    const page = text(html);
    for (const shown of ["[0.65, 0.91]", "(0,0)", "−1.20", "+0.37", "10 % of the pool", "ab".repeat(16)])
      expect(page).toContain(shown);
    expect(html).toContain('<i style="--a:0.438">no</i>');
    expect(html).toContain("seed");
    expect(page).toContain("asr.ablate_3pct 0.0400");
  });

  it("lets no text become markup or hide", () => {
    const html = renderReport(poisoned);
    const plain = renderReport(richRun);
    const tags = (page: string) => (page.match(/<\/?(?:script|img|title|style|iframe|svg)\b/g) ?? []).sort();
    expect(tags(html)).toEqual(tags(plain));
    expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|onerror="/u);
    expect(html).not.toContain("\u0000");
    expect(html.isWellFormed()).toBe(true);
    expect(html).toContain("⟨U+202E⟩");
  });

  it("loads nothing and lets nothing run but its own script", () => {
    const html = renderReport(poisoned).replaceAll('"http://www.w3.org/2000/svg"', ""); // a name, not an address
    expect(html).not.toMatch(/https?:|url\(|@import|<link|src=(?!x)/);
    expect(html).toMatch(/default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/]+=*'/);
  });

  it.each(["scores", "heads", "metrics", "selections", "adapters", "sources"] as const)("does without %s", (part) => {
    const { [part]: _, ...rest } = smallRun;
    const html = renderReport(rest);
    expect(text(html)).not.toMatch(/undefined|NaN|null|\[object/);
    expect(html).not.toMatch(/="[^"]*(?:undefined|NaN|\[object)/);
    expect(html.includes('id="heads"')).toBe(part !== "heads");
    expect(html.includes('id="curves"')).toBe(part !== "scores");
    expect(html.includes('id="traces"')).toBe(part !== "scores");
  });

  it("draws a title alone, and empty tables", () => {
    expect(text(renderReport({ title: "Nothing yet" }))).toContain(
      "Not given to this report: scores, traces, heads, metrics, selections, adapters",
    );
    const empty = { node: "x", rows: [] };
    const scores = [{ node: "x", traces: [], tokens: [], curves: [] }];
    expect(() =>
      renderReport({
        title: "t",
        scores,
        traces: [empty],
        heads: empty,
        metrics: [empty],
        selections: [empty],
        adapters: [empty],
      }),
    ).not.toThrow();
  });

  it("survives values that are missing or not finite", () => {
    const nan = (value: unknown): unknown => {
      if (typeof value === "number") return Number.NaN;
      if (Array.isArray(value)) return value.map(nan);
      if (value !== null && typeof value === "object")
        return Object.fromEntries(
          Object.entries(value).map(([k, v]) => [
            k,
            ["layer", "head", "rank", "step", "token_index", "n"].includes(k) ? v : nan(v),
          ]),
        );
      return value;
    };
    const { title, scores, heads, metrics, adapters } = smallRun;
    expect(() => renderReport(nan({ title, scores, heads, metrics, adapters }) as typeof smallRun)).not.toThrow();
  });

  it("stays below 5 MB with 64 × 40 heads and traces of 8000 tokens", () => {
    const scores = scoresFrom("long", [0.5, 0.6, 0.7, 0.8, 0.4, 0.3]);
    const tokens = scores.traces.flatMap(({ trace_id, site }) =>
      Array.from({ length: 8000 }, (_, token_index) => ({
        trace_id,
        site,
        token_index,
        region: "thinking" as const,
        token: ` w${token_index}`,
        score: 0.123456,
      })),
    );
    const [one] = smallRun.heads?.rows ?? [];
    if (one === undefined) throw new Error("no head");
    const rows = Array.from({ length: 64 * 40 }, (_, i) => ({
      ...one,
      layer: Math.floor(i / 40),
      head: i % 40,
      rank: i + 1,
    }));
    const html = renderReport({ title: "large", scores: [{ ...scores, tokens }], heads: { node: "h", rows } });
    expect(new Blob([html]).size).toBeLessThan(5 * 1024 ** 2);
    expect(text(html)).toContain("7 300 tokens not shown");
  });
});

describe("svg", () => {
  it.each(figureNames)("figure %s is well-formed, also with hostile text", (name) => {
    expect(xmlFault(renderFigure(name, richRun))).toBeNull();
    expect(xmlFault(renderFigure(name, poisoned))).toBeNull();
  });

  it("charts in the page are well-formed", () => {
    const charts = renderReport(poisoned).match(/<svg[\s\S]*?<\/svg>/g) ?? [];
    expect(charts.length).toBeGreaterThan(6);
    for (const chart of charts) expect(xmlFault(chart)).toBeNull();
  });

  it("says which figure cannot be drawn", () => {
    expect(() => renderFigure("heads", { title: "t" })).toThrow('nothing to draw in figure "heads"');
  });
});

describe("the well-formedness check itself", () => {
  it.each(["<a><b></a></b>", "<a x=1/>", "<a>&</a>", "<a/><b/>", '<a x="1" x="2"/>', "<a>", "<a>\u0001</a>", "t<a/>"])(
    "refuses %j",
    (xml) => {
      expect(xmlFault(xml)).not.toBeNull();
    },
  );
});
