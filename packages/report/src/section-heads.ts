/** Section 2: which attention heads push against refusal. */
import { headBars } from "./chart-head-bars.ts";
import { headMap } from "./chart-head-map.ts";
import type { ReportData } from "./data.ts";
import { count, list } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { figure, section } from "./section.ts";

/** null without heads. */
export const headsSection = (data: ReportData): Markup | null => {
  const heads = data.heads?.rows ?? [];
  if (heads.length === 0) return null;
  const planted = heads.filter((h) => h.planted === true).length;
  const traces = [...new Set(heads.map((h) => count(h.n)))];
  return section(
    "heads",
    "Heads that suppress refusal",
    "What each attention head writes at the final position, measured along the direction of the probe. Negative values pull the refusal score down.",
    figure(
      [headMap(heads), headBars(heads)],
      markup`Left: all ${count(heads.length)} heads; <span class="key suppress">vermilion</span> points against refusal, <span class="key refusal">blue</span> for it; the depth of a colour grows with the square root of the contribution. Right: contribution with its 95\u00a0% interval${
        heads.some((h) => h.causal_delta !== null) &&
        ", and how much the final score changes when that head alone is ablated"
      }. Mean over ${list(traces)} traces.${planted > 0 && ` Outlined: the ${count(planted)} planted heads, known from how the model was made.`}`,
    ),
  );
};
