/** A measure after repair against the share of the pool that was trained on, one line per method of selection. */
import * as Plot from "@observablehq/plot";
import type { BudgetMeasure, BudgetPoint } from "./budgets.ts";
import { count, interval, percent, score } from "./format.ts";
import { fit, textWidth } from "./label-fit.ts";
import { markup } from "./markup.ts";
import { seriesColours } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { plotPicture } from "./plot-picture.ts";
import { spread } from "./scale.ts";

const width = 420;
const height = 260;
const titles: Readonly<Record<BudgetMeasure, string>> = {
  asr: "Attack success rate",
  over_refusal: "Over-refusal",
  capability: "Capability",
};

/** `labels` says what a method is called; null when no method was tried at all. */
export const budgetChart = (
  points: ReadonlyArray<BudgetPoint>,
  measure: BudgetMeasure,
  model: string,
  labels: (method: string) => string,
): Picture | null => {
  const lines = [...Map.groupBy(points, (p) => p.method)].slice(0, seriesColours).map(([method, own], i) => ({
    name: labels(method),
    colour: `s${i}`,
    points: own.toSorted((a, b) => a.percent - b.percent),
  }));
  if (lines.length === 0) return null;
  const shares = [...new Set(points.map((p) => p.percent))].toSorted((a, b) => a - b).filter((p) => p > 0);
  const [first = 1, last = 100] = [shares[0], shares.at(-1)];
  const room = Math.min(120, 14 + Math.max(...lines.map((l) => textWidth(l.name))));
  const right = width - room;
  const x = (p: BudgetPoint) => p.percent;
  const y = (p: BudgetPoint) => p.metric.value;
  const title = `${titles[measure]} after repair${model === "" ? "" : `, ${model}`}`;
  return plotPicture({
    title,
    unit: "rate",
    label: `${title}. ${lines.map((l) => `${l.name}: ${l.points.map((p) => `${score(y(p))} at ${percent(p.percent / 100)}`).join(", ")}`).join("; ")}.`,
    options: {
      width,
      height,
      marginTop: 10,
      marginBottom: 36,
      marginLeft: 36,
      marginRight: room,
      x: {
        type: "log",
        domain: first === last ? [first / 2, first * 2] : [first, last],
        axis: null,
        inset: 8,
      },
      y: { domain: [0, 1], ticks: 5, grid: true, label: null },
      marks: [
        // as texts of its own: the format of a logarithmic axis leaves out labels such as 0.5 %
        Plot.axisX(apart(shares), { text: (v: number) => percent(v / 100), label: null }),
        lines.map((l) => [
          Plot.areaY(
            l.points.filter((p) => p.metric.lo !== null && p.metric.hi !== null),
            {
              x,
              y1: (p: BudgetPoint) => p.metric.lo,
              y2: (p: BudgetPoint) => p.metric.hi,
              fill: `var(--${l.colour})`,
              fillOpacity: 0.12,
            },
          ),
          Plot.ruleX(
            l.points.filter((p) => p.metric.lo !== null && p.metric.hi !== null),
            {
              x,
              y1: (p: BudgetPoint) => p.metric.lo,
              y2: (p: BudgetPoint) => p.metric.hi,
              stroke: `var(--${l.colour})`,
              strokeOpacity: 0.5,
              strokeWidth: 1.5,
            },
          ),
          Plot.line(l.points, { x, y, stroke: `var(--${l.colour})`, strokeWidth: 1.75 }),
          Plot.dot(l.points, { x, y, r: 3, fill: `var(--${l.colour})` }),
        ]),
      ],
    },
    over: (at) => {
      const ends = lines.map((l) => at("y", l.points.at(-1)?.metric.value ?? 0));
      const placed = spread(ends, 14, [10, at("y", 0)]);
      return markup`<text class="small end" x="${right}" y="${height - 3}">share of the pool trained on</text>${lines.map((l, i) => markup`<g class="${l.colour}"><text class="series-name" text-anchor="start" x="${right + 5}" y="${(placed[i] ?? 0) + 4}">${fit(l.name, room - 8)}</text></g>`)}${lines.flatMap((l) => l.points.map((p) => markup`<circle class="hit" r="8" cx="${at("x", p.percent)}" cy="${at("y", y(p))}" data-tip="${[`${l.name}, ${percent(p.percent / 100)} of the pool`, `${score(y(p))} ${interval(p.metric.lo, p.metric.hi)}`, p.metric.n === null ? null : `n ${count(p.metric.n)}`].filter((t) => t !== null).join(" | ")}"/>`))}`;
    },
  });
};

/** Ticks that do not run into each other on a logarithmic axis: each at least 1.6 times the one before. */
const apart = (shares: ReadonlyArray<number>): number[] => {
  const kept: number[] = [];
  for (const share of shares) if (share >= (kept.at(-1) ?? 0) * 1.6) kept.push(share);
  return kept;
};
