/** Section 1: the refusal score along the tokens, at the layer one chooses. */
import { curvePanel, reach } from "./chart-curves.ts";
import { layersChart } from "./chart-layers.ts";
import type { ReportData } from "./data.ts";
import { dataBlock, download, downloads } from "./download.ts";
import { count } from "./format.ts";
import { type Markup, markup, trusted } from "./markup.ts";
import { inline } from "./picture.ts";
import { captioned, section } from "./section.ts";
import { hiddenSeries, type Series, steepest } from "./series.ts";
import { templateRegion } from "./template-region.ts";

/** null without scores. */
export const curvesSection = (data: ReportData, series: ReadonlyArray<Series>): Markup | null => {
  const sites = [...Map.groupBy(series, (s) => s.site)].flatMap(([site, own]) => {
    const drawn = panels(own);
    return drawn === null ? [] : [{ site, panels: drawn }];
  });
  const main = sites.find((s) => s.site === steepest(series)?.site) ?? sites[0];
  if (main === undefined) return null;
  const here = series.filter((s) => s.site === main.site);
  const template = templateRegion(series);
  const hidden = hiddenSeries(data);
  const layers = layersChart(series);
  return section(
    "curves",
    "Refusal along the tokens",
    "A probe trained where the response begins is read at every token. A model that means what it thinks holds its score to the end; a cliff is a fall in the last few tokens.",
    markup`${
      sites.length > 1 &&
      markup`<p class="control js"><label>Layer read by the probe <select id="site">${sites.map(({ site }) => markup`<option value="${site}"${site === main.site && trusted(" selected")}>${site}</option>`)}</select></label></p>${dataBlock("panels", { site: sites.map((s) => s.site), panels: sites.map((s) => s.panels.text) })}`
    }${captioned(
      markup`<div class="panels" id="curve-panels">${main.panels}</div>${layers !== null && markup`<div class="panels">${inline(layers)}</div>`}`,
      markup`Mean refusal score with its 95\u00a0% interval. The thin line below each plot is the number of traces that have the position; positions with less than a fifth of them are left out, and so are those more than ${count(reach.thinking_start)} tokens after the start or ${count(reach.thinking_end)} before the end. ${
        template !== null && markup`Shaded: the template region, <code>${template.tokens.join(" ")}</code>. `
      }${here.map((s) => markup`<span class="key s${s.colour}">${s.name}</span> n ${count(s.traces.length)}. `)}Probe at <code>${main.site}</code>${sites.length > 1 && `, ${chosen(data, main.site) ? "which training selected" : "where the fall is deepest"}; ${count(sites.length)} sites in all`}.${
        hidden > 0 && ` ${count(hidden)} more inputs are not drawn.`
      }`,
    )}${downloads(
      download(
        "curves",
        series.flatMap((s) => s.curves.map((p) => ({ model: s.name, ...p }))),
      ),
    )}`,
  );
};

const chosen = (data: ReportData, site: string): boolean => (data.scores ?? []).some((scores) => scores.site === site);

const panels = (series: ReadonlyArray<Series>): Markup | null => {
  const length = templateRegion(series)?.length ?? 0;
  const drawn = [curvePanel(series, "thinking_start", length), curvePanel(series, "thinking_end", length)].filter(
    (p) => p !== null,
  );
  return drawn.length === 0 ? null : markup`${drawn.map((p) => inline(p))}`;
};
