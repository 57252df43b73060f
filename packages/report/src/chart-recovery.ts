/** How many of the first k heads of a ranking were planted, or how many of the planted are among them: one line per method. */
import * as Plot from "@observablehq/plot";
import type { RecoveryPoint } from "@precipice/artifacts";
import { count, interval, score } from "./format.ts";
import { textWidth } from "./label-fit.ts";
import { markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { plotPicture } from "./plot-picture.ts";
import { spread } from "./scale.ts";

const width = 420;
const height = 260;

export type RecoveryMeasure = "recall" | "precision";

/** Each method keeps its colour in every panel. */
const looks: Readonly<Record<RecoveryPoint["method"], { readonly name: string; readonly colour: string }>> = {
  direct: { name: "one pass", colour: "s0" },
  patching: { name: "patching", colour: "s1" },
  causal: { name: "one by one", colour: "s2" },
  greedy: { name: "greedy", colour: "s3" },
  random: { name: "random", colour: "s7" },
};
/** A method that is not known here goes by its own name. */
const lookOf = (method: string) =>
  Object.hasOwn(looks, method) ? looks[method as RecoveryPoint["method"]] : { name: method, colour: "s6" };
export const methodName = (method: string): string => lookOf(method).name;

const targets: Readonly<Record<RecoveryPoint["target"], string>> = {
  probe: "the probe",
  logit_difference: "the logit difference",
};
export const targetName = (target: string): string =>
  Object.hasOwn(targets, target) ? targets[target as RecoveryPoint["target"]] : target;

/** `points` are of one target, with those of the random order beside; null without any. */
export const recoveryChart = (
  points: ReadonlyArray<RecoveryPoint>,
  target: RecoveryPoint["target"],
  measure: RecoveryMeasure,
): Picture | null => {
  const lines = [...Map.groupBy(points, (p) => p.method)].map(([method, own]) => ({
    ...lookOf(method),
    random: method === "random",
    points: own.toSorted((a, b) => a.k - b.k),
  }));
  const last = Math.max(0, ...points.map((p) => p.k));
  if (last === 0) return null;
  const room = 14 + Math.max(...lines.map((l) => textWidth(l.name)));
  const right = width - room;
  const y = (p: RecoveryPoint) => p[measure];
  const bounds = (p: RecoveryPoint) => [p[`${measure}_lo`], p[`${measure}_hi`]] as const;
  const title = `${measure === "recall" ? "Recall" : "Precision"} by ${targetName(target)}`;
  return plotPicture({
    title,
    unit:
      measure === "recall" ? "share of the planted heads among the first k" : "share of the first k that was planted",
    label: `${title}. ${lines.map((l) => `${l.name}: ${l.points.map((p) => `${score(y(p))} at ${p.k}`).join(", ")}`).join("; ")}.`,
    options: {
      width,
      height,
      marginTop: 10,
      marginBottom: 36,
      marginLeft: 36,
      marginRight: room,
      // what counts happens among the first heads
      x: { type: last > 1 ? "log" : "linear", domain: last > 1 ? [1, last] : [0, 2], axis: null, inset: 8 },
      y: { domain: [0, 1], ticks: 5, grid: true, label: null },
      marks: [
        Plot.axisX(
          [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048].filter((k) => k <= last),
          { text: String, label: null },
        ),
        lines.map((l) => [
          Plot.areaY(
            l.points.filter((p) => bounds(p).every((bound) => bound !== null)),
            {
              x: "k",
              y1: (p: RecoveryPoint) => bounds(p)[0],
              y2: (p: RecoveryPoint) => bounds(p)[1],
              fill: `var(--${l.colour})`,
              fillOpacity: l.random ? 0 : 0.12,
            },
          ),
          Plot.line(l.points, {
            x: "k",
            y,
            stroke: `var(--${l.colour})`,
            strokeWidth: l.random ? 1.25 : 1.75,
            ...(l.random ? { strokeDasharray: "4 3" } : {}),
          }),
        ]),
      ],
    },
    over: (at) => {
      const ends = lines.map((l) => at("y", y(l.points.at(-1) as RecoveryPoint)));
      const placed = spread(ends, 14, [10, at("y", 0)]);
      return markup`<text class="small end" x="${right}" y="${height - 3}">k, heads of the ranking</text>${lines.map((l, i) => markup`<g class="${l.colour}"><text class="series-name" text-anchor="start" x="${right + 5}" y="${(placed[i] ?? 0) + 4}">${l.name}</text></g>`)}${lines.flatMap((l) => l.points.map((p) => markup`<circle class="hit" r="6" cx="${at("x", p.k)}" cy="${at("y", y(p))}" data-tip="${[`${l.name}, k ${count(p.k)}`, `${measure} ${score(y(p))} ${interval(...bounds(p))}`, `${count(p.n)} plantings`].join(" | ")}"/>`))}`;
    },
  });
};
