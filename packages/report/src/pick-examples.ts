/**
 * Which traces to show. Not the prettiest ones: the largest cliff, the median and the smallest of the series that
 * falls most, each followed by what the other series did on the same prompt.
 */
import type { Region, TokenScore, Trace, TraceScore } from "@precipice/artifacts";
import type { ReportData } from "./data.ts";
import { type Series, steepest } from "./series.ts";

export interface ExampleToken {
  readonly text: string;
  readonly region: Region;
  /** s(t), 0..1; null where the probe was not read. */
  readonly score: number | null;
}

export interface Example {
  /** Why it is here: "largest cliff", "same prompt" … */
  readonly why: string;
  readonly series: Series;
  readonly summary: TraceScore;
  readonly tokens: ReadonlyArray<ExampleToken>;
}

/** At most `data.examples` (default 6) traces that have scored tokens. */
export const pickExamples = (data: ReportData, series: ReadonlyArray<Series>): ReadonlyArray<Example> => {
  const scored = new Map(series.map((s) => [s, new Set(s.tokens.map((t) => t.trace_id))]));
  const usable = (s: Series) =>
    s.traces
      .filter((t) => t.cliff !== null && Number.isFinite(t.cliff) && scored.get(s)?.has(t.trace_id))
      .toSorted((a, b) => (b.cliff ?? 0) - (a.cliff ?? 0) || (a.trace_id < b.trace_id ? -1 : 1));
  const main = steepest(series.filter((s) => usable(s).length > 0));
  if (main === null) return [];
  const ranked = usable(main);
  const others = series.filter((s) => s.node !== main.node && s.site === main.site);

  const picks: Array<{ why: string; series: Series; summary: TraceScore }> = [];
  const add = (why: string, summary: TraceScore | undefined): void => {
    if (summary === undefined || picks.some((p) => p.series === main && p.summary.trace_id === summary.trace_id))
      return;
    picks.push({ why, series: main, summary });
    for (const other of others) {
      const twin = usable(other).find((t) => t.prompt_id === summary.prompt_id);
      if (twin !== undefined) picks.push({ why: "same prompt", series: other, summary: twin });
    }
  };
  add("largest cliff", ranked[0]);
  add("median cliff", ranked[Math.floor((ranked.length - 1) / 2)]);
  add("smallest cliff", ranked.at(-1));
  for (const share of [1 / 4, 3 / 4, 1 / 8, 3 / 8]) {
    const at = Math.floor((ranked.length - 1) * share);
    add(`cliff ${at + 1} of ${ranked.length}`, ranked[at]);
  }
  return picks
    .slice(0, Math.max(0, data.examples ?? 6))
    .map((pick) => ({ ...pick, tokens: tokensOf(data, pick.series, pick.summary.trace_id) }));
};

/** The scored tokens, completed by the unscored ones where a trace with the very same tokens was given. */
const tokensOf = (data: ReportData, series: Series, id: string): ReadonlyArray<ExampleToken> => {
  const scored = series.tokens.filter((t) => t.trace_id === id).toSorted((a, b) => a.token_index - b.token_index);
  const trace = (data.traces ?? []).flatMap((t) => t.rows).find((t) => t.id === id && sameTokens(t, scored));
  if (trace === undefined) return scored.map((t) => ({ text: t.token, region: t.region, score: finite(t.score) }));
  const byIndex = new Map(scored.map((t) => [t.token_index, t]));
  return trace.tokens.map((text, i) => {
    const own = byIndex.get(i);
    return { text, region: own?.region ?? regionOf(trace, i), score: finite(own?.score ?? null) };
  });
};

/** Ids are unique within one artifact only: two models' traces of a prompt may share theirs. */
const sameTokens = (trace: Trace, scored: ReadonlyArray<TokenScore>): boolean =>
  scored.every((t) => trace.tokens[t.token_index] === t.token);

const regionOf = (trace: Trace, index: number): Region => {
  if (index < trace.thinking_start) return "prompt";
  if (index < trace.thinking_end) return "thinking";
  return trace.response_start === null || index < trace.response_start ? "template" : "response";
};

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
