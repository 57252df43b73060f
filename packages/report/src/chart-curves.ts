/**
 * Refusal score along the tokens: mean line and band per series, aligned at one end of the thinking. Below the plot,
 * how many traces are behind each position: a mean over few traces must not look like one over many.
 */
import type { CurvePoint } from "@precipice/artifacts";
import { count, interval, score, tick } from "./format.ts";
import { fit, textWidth } from "./label-fit.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { linear, niceStep, spread, ticks } from "./scale.ts";
import type { Series } from "./series.ts";

export type Alignment = "thinking_start" | "thinking_end";

/** Positions kept on each side: the fall at the end takes a few tokens, the plateau before it many. */
export const reach = { thinking_start: 160, thinking_end: 48 };
const width = 420;
const plot = { left: 34, top: 44, bottom: 244 };
const strip = { top: 256, bottom: 278 };
const height = 330;

/** Points worth drawing: within reach and backed by at least a fifth of the traces that the series has anywhere. */
export const window = (points: ReadonlyArray<CurvePoint>, alignment: Alignment): ReadonlyArray<CurvePoint> => {
  const own = points.filter((p) => p.alignment === alignment && [p.position, p.mean, p.n].every(Number.isFinite));
  const most = Math.max(0, ...own.map((p) => p.n));
  return own
    .filter((p) => p.n >= most / 5)
    .filter((p) =>
      alignment === "thinking_start" ? p.position <= reach.thinking_start : p.position >= -reach.thinking_end,
    )
    .sort((a, b) => a.position - b.position);
};

/** One panel; null when no series has a point in it. `template` is how many tokens end the thinking (0: not marked). */
export const curvePanel = (series: ReadonlyArray<Series>, alignment: Alignment, template: number): Picture | null => {
  const lines = series
    .map((s) => ({ series: s, points: window(s.curves, alignment) }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return null;

  const every = lines.flatMap(({ points }) => points);
  const domain = [Math.min(...every.map((p) => p.position)), Math.max(...every.map((p) => p.position))] as const;
  const room = Math.min(112, 14 + Math.max(...lines.map(({ series: s }) => textWidth(s.label))));
  const right = width - room;
  const x = linear(domain, [plot.left + 6, right - 6]);
  const y = linear([0, 1], [plot.bottom, plot.top]);
  const most = Math.max(...every.map((p) => p.n));
  const tall = linear([0, most], [strip.bottom, strip.top]);
  const atEnd = alignment === "thinking_end";
  const title = atEnd ? "Aligned at the last token before the response" : "Aligned at the first thinking token";

  const body = markup`<text class="panel-title" x="0" y="12">${title}</text>
<text class="small" x="0" y="30">mean refusal score</text>
${atEnd && template > 0 && templateRegion(x, template, domain[0], right)}
${[0, 0.25, 0.5, 0.75, 1].map(
  (v) =>
    markup`<path class="grid" d="M${plot.left} ${y(v)}H${right}"/><text class="end" x="${plot.left - 6}" y="${y(v) + 4}">${tick(v, 0.25)}</text>`,
)}
${positionAxis(x, domain, atEnd)}
<text class="small end" x="${plot.left - 6}" y="${strip.bottom}">n</text>
<text class="small quiet" x="${right + 6}" y="${strip.top + 4}">${count(most)}</text><path class="grid" d="M${plot.left} ${strip.bottom}H${right}"/>
${lines.map(({ series: s, points }) => line(s, points, x, y, tall))}
${endLabels(lines, x, y, right)}
${hits(lines, x, right)}`;
  return { width, height, label: `${title}. ${lines.map((l) => spoken(l.series, l.points)).join(" ")}`, body };
};

type Line = { readonly series: Series; readonly points: ReadonlyArray<CurvePoint> };
type Scale = (value: number) => number;

const path = (points: ReadonlyArray<readonly [number, number]>): Markup =>
  markup`${points.map(([px, py], i) => markup`${i === 0 ? "M" : "L"}${px} ${py}`)}`;

const line = (series: Series, points: ReadonlyArray<CurvePoint>, x: Scale, y: Scale, tall: Scale): Markup => {
  const banded = points.filter((p) => p.lo !== null && p.hi !== null && Number.isFinite(p.lo) && Number.isFinite(p.hi));
  const upper = banded.map((p) => [x(p.position), y(Math.min(1, p.hi ?? 0))] as const);
  const lower = banded.map((p) => [x(p.position), y(Math.max(0, p.lo ?? 0))] as const).toReversed();
  const last = points.at(-1);
  return markup`<g class="s${series.colour}">${banded.length > 1 && markup`<path class="band" d="${path([...upper, ...lower])}Z"/>`}
<path class="line" d="${path(points.map((p) => [x(p.position), y(p.mean)]))}"/>${last && markup`<circle class="dot" r="3" cx="${x(last.position)}" cy="${y(last.mean)}"/>`}
<path class="line thin" d="${path(points.map((p) => [x(p.position), tall(p.n)]))}"/></g>`;
};

/** Names stand at the end of their lines: no legend to look up. */
const endLabels = (lines: ReadonlyArray<Line>, x: Scale, y: Scale, right: number): ReadonlyArray<Markup> => {
  const wanted = lines.map(({ points }) => y(points.at(-1)?.mean ?? 0));
  const placed = spread(wanted, 15, [plot.top, plot.bottom]);
  return lines.map(({ series: s, points }, i) => {
    const end = x(points.at(-1)?.position ?? 0);
    const at = placed[i] ?? 0;
    const far = right - 6 - end > 24 || Math.abs(at - (wanted[i] ?? 0)) > 8;
    return markup`<g class="s${s.colour}">${far && markup`<path class="line thin" opacity=".45" d="M${end + 4} ${wanted[i] ?? 0}L${right - 1} ${at}"/>`}<text class="series-name" x="${right + 4}" y="${at + 4}">${fit(s.label, width - right - 4)}</text></g>`;
  });
};

const templateRegion = (x: Scale, template: number, first: number, right: number): Markup => {
  const half = (x(1) - x(0)) / 2;
  const from = Math.max(x(first), x(1 - template) - half);
  return markup`<rect class="shade" x="${from}" y="${plot.top - 8}" width="${Math.min(right, x(0) + half) - from}" height="${strip.bottom - plot.top + 8}"/><text class="small end" x="${right}" y="${plot.top - 14}">template</text>`;
};

const positionAxis = (x: Scale, domain: readonly [number, number], atEnd: boolean): Markup => {
  const step = Math.max(1, niceStep(domain[1] - domain[0], 6));
  return markup`${ticks(domain, step).map(
    (v) =>
      markup`<path class="axis" d="M${x(v)} ${strip.bottom}v4"/><text class="mid" x="${x(v)}" y="${strip.bottom + 17}">${tick(v, step)}</text>`,
  )}<text class="small" x="${plot.left}" y="${height - 12}">${atEnd ? "tokens before the response begins (0: the last one)" : "thinking tokens from the first (0)"}</text>`;
};

/** One invisible column per position; hovering it tells every series' value there. */
const hits = (lines: ReadonlyArray<Line>, x: Scale, right: number): ReadonlyArray<Markup> => {
  const positions = [...new Set(lines.flatMap(({ points }) => points.map((p) => p.position)))].sort((a, b) => a - b);
  return positions.map((position, i) => {
    const before = positions[i - 1];
    const after = positions[i + 1];
    const from = before === undefined ? plot.left : (x(before) + x(position)) / 2;
    const to = after === undefined ? right : (x(position) + x(after)) / 2;
    const told = lines.flatMap(({ series: s, points }) => {
      const p = points.find((q) => q.position === position);
      return p === undefined ? [] : [`${s.label} ${score(p.mean)} ${interval(p.lo, p.hi)} n ${count(p.n)}`];
    });
    return markup`<rect class="hit" x="${from}" y="${plot.top - 8}" width="${to - from}" height="${strip.bottom - plot.top + 8}" data-tip="${[`position ${tick(position, 1)}`, ...told].join(" | ")}"/>`;
  });
};

const spoken = (series: Series, points: ReadonlyArray<CurvePoint>): string =>
  `${series.label}: from ${score(points[0]?.mean ?? Number.NaN)} to ${score(points.at(-1)?.mean ?? Number.NaN)}.`;
