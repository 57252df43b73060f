/** A value and its interval on the scale from 0 to 1, as small as a line of text; nothing for a value off that scale. */

import { type Markup, markup } from "@precipice/report/html";
import type { Run } from "@precipice/runtime";

const width = 130;
const height = 14;
const left = 5;

/** Several in one picture stand on each other's scale, first above second. */
export const intervalPlot = (metrics: ReadonlyArray<Run.Metric | undefined>): Markup | null => {
  const ends = metrics.flatMap((m) => (m === undefined ? [] : [m.value, ...(m.ci95 ?? [])]));
  if (ends.length === 0 || ends.some((v) => !(v >= 0 && v <= 1))) return null;
  const x = (value: number) => left + value * (width - 2 * left);
  const pitch = height / (metrics.length + 1);
  return markup`<svg class="plot" viewBox="0 0 ${width} ${height}" aria-hidden="true"><path class="axis" d="M${x(0)} 1V${height - 1}M${x(0.5)} 4V${height - 4}M${x(1)} 1V${height - 1}"/>${metrics.map(
    (metric, i) =>
      metric !== undefined &&
      markup`<g class="s${metrics.length > 1 ? i + 1 : 0}">${metric.ci95 !== undefined && markup`<path class="whisker" d="M${x(metric.ci95[0])} ${pitch * (i + 1)}H${x(metric.ci95[1])}"/>`}<circle class="dot" cx="${x(metric.value)}" cy="${pitch * (i + 1)}" r="${metrics.length > 1 ? 2.5 : 3}"/></g>`,
  )}</svg>`;
};
