/** How fast each selection repairs: attack success on validation prompts along the steps of the trainings, a line per method. */

import * as Plot from "@observablehq/plot";
import type { StudyCurvePoint } from "@precipice/artifacts";
import { score, tick } from "./format.ts";
import { fit, textWidth } from "./label-fit.ts";
import { markup } from "./markup.ts";
import { seriesColours } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { plotPicture } from "./plot-picture.ts";
import { spread } from "./scale.ts";

const width = 420;
const height = 260;

/**
 * `curves` are one model's; drawn are those at `percent` of the pool and at all of it, as far as the former go. null where
 * no line has two points.
 */
export const repairCurveChart = (
  curves: ReadonlyArray<StudyCurvePoint>,
  percent: number,
  model: string,
  labels: (method: string) => string,
): Picture | null => {
  const last = Math.max(...curves.filter((p) => p.percent === percent).map((p) => p.step));
  const shown = curves.filter((p) => (p.percent === percent || p.percent === 100) && p.step <= last);
  const lines = [...Map.groupBy(shown, (p) => p.method)]
    .map(([method, own]) => ({ name: labels(method), points: own.toSorted((a, b) => a.step - b.step) }))
    .filter(({ points }) => points.length > 1)
    .slice(0, seriesColours);
  if (lines.length === 0) return null;
  const room = Math.min(120, 14 + Math.max(...lines.map((l) => textWidth(l.name))));
  const right = width - room;
  const title = `Attack success along the steps, ${percent}\u00a0% of the pool${model === "" ? "" : `, ${model}`}`;
  const end = ({ points }: (typeof lines)[number]) => points.at(-1) as StudyCurvePoint;
  return plotPicture({
    title,
    unit: "rate on validation prompts",
    label: `${title}. ${lines.map((l) => `${l.name}: ${score(end(l).asr)} after ${end(l).step} steps`).join("; ")}.`,
    options: {
      width,
      height,
      marginTop: 10,
      marginBottom: 36,
      marginLeft: 36,
      marginRight: room,
      x: { label: null, ticks: 5, tickFormat: (v: number) => (Number.isInteger(v) ? tick(v, 1) : "") },
      y: { domain: [0, 1], ticks: 5, grid: true, label: null },
      marks: lines.map((l, i) => [
        Plot.areaY(l.points, { x: "step", y1: "lo", y2: "hi", fill: `var(--s${i})`, fillOpacity: 0.12 }),
        Plot.line(l.points, { x: "step", y: "asr", stroke: `var(--s${i})`, strokeWidth: 1.75 }),
      ]),
    },
    over: (at) => {
      const placed = spread(
        lines.map((l) => at("y", end(l).asr)),
        14,
        [10, at("y", 0)],
      );
      return markup`<text class="small end" x="${right}" y="${height - 3}">training step</text>${lines.map((l, i) => markup`<g class="s${i}"><text class="series-name" text-anchor="start" x="${right + 5}" y="${(placed[i] ?? 0) + 4}">${fit(l.name, room - 8)}</text></g>`)}${lines.flatMap((l) => l.points.map((p) => markup`<circle class="hit" r="8" cx="${at("x", p.step)}" cy="${at("y", p.asr)}" data-tip="${`${l.name}, step ${p.step} | ${score(p.asr)}, seeds ${score(p.lo)}–${score(p.hi)} | n ${p.n}`}"/>`))}`;
    },
  });
};
