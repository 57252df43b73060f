/** The tokens that end the thinking, as most traces have them: what is shaded in the curves. */
import type { TokenScore } from "@precipice/artifacts";
import type { Series } from "./series.ts";

/** Length of the template region in tokens and their text; null when no token says its region. */
export const templateRegion = (
  series: ReadonlyArray<Series>,
): { readonly length: number; readonly tokens: ReadonlyArray<string> } | null => {
  const seen = new Map<string, { count: number; tokens: ReadonlyArray<string> }>();
  for (const { tokens } of series) {
    const template = tokens.filter((t) => t.region === "template");
    for (const rows of Map.groupBy(template, (t: TokenScore) => t.trace_id).values()) {
      const texts = rows.toSorted((a, b) => a.token_index - b.token_index).map((t) => t.token);
      const key = JSON.stringify(texts);
      seen.set(key, { count: (seen.get(key)?.count ?? 0) + 1, tokens: texts });
    }
  }
  let best: { count: number; tokens: ReadonlyArray<string> } | null = null;
  for (const candidate of seen.values()) if (best === null || candidate.count > best.count) best = candidate;
  return best === null ? null : { length: best.tokens.length, tokens: best.tokens };
};
