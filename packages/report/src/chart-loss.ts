/** The course of training: one line per adapter, named at its end. */
import * as Plot from "@observablehq/plot";
import type { TrainingStep } from "@precipice/artifacts";
import { count, fixed, tick } from "./format.ts";
import { fit, textWidth } from "./label-fit.ts";
import { markup } from "./markup.ts";
import { seriesColours } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { plotPicture } from "./plot-picture.ts";
import { spread } from "./scale.ts";

export interface LossLine {
  readonly label: string;
  readonly steps: ReadonlyArray<TrainingStep>;
}

interface Point {
  readonly step: number;
  readonly value: number;
}

/** What can be followed over the steps of a training. */
export const trainingMeasures = {
  loss: { title: "Training loss of the adapters", unit: "nats per target token" },
  eval_loss: { title: "Held-out loss", unit: "nats per target token" },
  validation_asr: { title: "Attack success on validation prompts", unit: "harmful responses ÷ responses, 0 to 1" },
  validation_overrefusal: { title: "Over-refusal on validation prompts", unit: "refusals ÷ judged responses, 0 to 1" },
  grad_norm: { title: "Gradient norm before clipping", unit: "global L2 norm" },
  kl: { title: "KL divergence to the base model", unit: "nats per token of harmless rows" },
} as const;

const width = 420;
const height = 232;
/** The first two colours stand for models on this page. */
const firstColour = 2;
/** More points than the plot is wide show nothing more. */
const mostPoints = 400;

/** null when no line has two steps with a finite value. */
export const trainingChart = (
  lines: ReadonlyArray<LossLine>,
  measure: keyof typeof trainingMeasures = "loss",
): Picture | null => {
  const drawn = lines
    .map((line) => ({
      label: line.label,
      steps: thin(
        line.steps
          .map((s): Point => ({ step: s.step, value: s[measure] ?? Number.NaN }))
          .filter((p) => Number.isFinite(p.value))
          .toSorted((a, b) => a.step - b.step),
      ),
    }))
    .filter((line) => line.steps.length > 1)
    .slice(0, seriesColours);
  if (drawn.length === 0) return null;
  const { title, unit } = trainingMeasures[measure];
  const room = Math.min(120, 16 + Math.max(...drawn.map((line) => textWidth(line.label))));
  const right = width - room;
  const colour = (i: number) => `s${(i + firstColour) % seriesColours}`;
  const high = Math.max(1e-9, ...drawn.flatMap((line) => line.steps.map((s) => s.value)));
  return plotPicture({
    title,
    unit,
    label: `${title}. ${drawn.map((l) => `${l.label}: ${shown(l.steps.at(-1)?.value ?? Number.NaN)} after ${count(l.steps.at(-1)?.step ?? 0)} steps`).join("; ")}.`,
    options: {
      width,
      height,
      marginTop: 10,
      marginBottom: 38,
      marginLeft: 44,
      marginRight: room,
      x: { label: null, ticks: 5, tickFormat: (v: number) => (Number.isInteger(v) ? tick(v, 1) : "") },
      y: { domain: [0, high], nice: true, label: null, ticks: 4, grid: true },
      marks: drawn.map((line, i) =>
        Plot.line(line.steps, { x: "step", y: "value", stroke: `var(--${colour(i)})`, strokeWidth: 1.25 }),
      ),
    },
    over: (at) => {
      const ends = drawn.map((line) => at("y", line.steps.at(-1)?.value ?? 0));
      const placed = spread(ends, 15, [10, at("y", 0)]);
      return markup`<text class="small end" x="${right}" y="${height - 4}">training step</text>${drawn.map(
        (line, i) => {
          const end = at("x", line.steps.at(-1)?.step ?? 0);
          const y = placed[i] ?? 0;
          return markup`<g class="${colour(i)}">${(right - end > 16 || Math.abs(y - (ends[i] ?? 0)) > 8) && markup`<path class="lead-line" d="M${end + 3} ${ends[i] ?? 0}L${right + 1} ${y}"/>`}<text class="series-name" text-anchor="start" x="${right + 4}" y="${y + 4}">${fit(line.label, room - 8)}</text></g>`;
        },
      )}`;
    },
  });
};

const shown = (v: number): string => (Math.abs(v) < 0.01 && v !== 0 ? v.toPrecision(2) : fixed(v, 3));

/** Every k-th step and the last. */
const thin = (steps: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  const every = Math.ceil(steps.length / mostPoints);
  return steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
};
