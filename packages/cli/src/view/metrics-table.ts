/** The metrics of a run as a table one can filter. */
import { count, type Markup, markup } from "@precipice/report/html";
import type { Run } from "@precipice/runtime";
import { short } from "../terminal/text.ts";
import { intervalPlot } from "./interval-plot.ts";

/** More than these scroll in a box of their own. */
const many = 20;

export const metricsTable = (metrics: ReadonlyArray<readonly [string, Run.Metric]>): Markup =>
  markup`<div class="tools" hidden data-filter="metrics-rows"><label>Filter <input type="search" placeholder="words in the name" autocomplete="off" spellcheck="false"></label><output aria-live="polite"></output></div>
<div class="wide ${metrics.length > many && "tall"}" tabindex="0" role="region" aria-label="Metrics"><table class="cards lines"><thead><tr><th scope="col">metric</th><th class="num" scope="col">value</th><th class="num" scope="col">95 % interval</th><th class="num" scope="col">n</th><th scope="col"><span class="sr">on the scale from 0 to 1</span></th></tr></thead><tbody id="metrics-rows">${metrics.map(
    ([key, metric]) =>
      markup`<tr><th scope="row"><code>${key}</code></th><td class="num" data-label="value">${short(metric.value)}</td><td class="num" data-label="95 % interval">${metric.ci95 !== undefined && `[${short(metric.ci95[0])}, ${short(metric.ci95[1])}]`}</td><td class="num" data-label="n">${metric.n !== undefined && count(metric.n)}</td><td>${intervalPlot([metric])}</td></tr>`,
  )}</tbody></table></div>`;
