/** Section 1: the refusal score along the tokens. */
import { curvePanel, reach } from "./chart-curves.ts";
import type { ReportData } from "./data.ts";
import { count } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { figure, section } from "./section.ts";
import { hiddenSeries, type Series } from "./series.ts";
import { templateRegion } from "./template-region.ts";

/** null without scores. */
export const curvesSection = (data: ReportData, series: ReadonlyArray<Series>): Markup | null => {
  const template = templateRegion(series);
  const length = template?.length ?? 0;
  const panels = [curvePanel(series, "thinking_start", length), curvePanel(series, "thinking_end", length)].filter(
    (p) => p !== null,
  );
  if (panels.length === 0) return null;
  const hidden = hiddenSeries(data);
  const sites = [...new Set(series.map((s) => s.site))];
  return section(
    "curves",
    "Refusal along the tokens",
    "A probe trained where the response begins is read at every token. A model that means what it thinks holds its score to the end; a cliff is a fall in the last few tokens.",
    figure(
      panels,
      markup`Mean refusal score with its 95\u00a0% interval. The thin line below each plot is the number of traces that have the position; positions with less than a fifth of them are left out, and so are those more than ${count(reach.thinking_start)} tokens after the start or ${count(reach.thinking_end)} before the end. ${
        template !== null && markup`Shaded: the template region, <code>${template.tokens.join(" ")}</code>. `
      }${series.map((s) => markup`<span class="key s${s.colour}">${s.label}</span> n ${count(s.traces.length)}. `)}Probe at ${sites.map((s, i) => markup`${i > 0 && ", "}<code>${s}</code>`)}.${
        hidden > 0 && ` ${count(hidden)} more series are not drawn.`
      }`,
    ),
  );
};
