/** Training loss of the adapters, one line each, named at its end. */
import type { TrainingStep } from "@precipice/artifacts";
import { count, fixed, tick } from "./format.ts";
import { fit, textWidth } from "./label-fit.ts";
import { markup } from "./markup.ts";
import { seriesColours } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { linear, niceStep, spread, ticks } from "./scale.ts";

export interface LossLine {
  readonly label: string;
  readonly steps: ReadonlyArray<TrainingStep>;
}

const width = 420;
const left = 38;
const top = 44;
const bottom = 214;
/** The first two colours stand for models on this page. */
const firstColour = 2;
/** More points than the plot is wide show nothing more. */
const mostPoints = 400;

/** null when no line has two steps. */
export const lossChart = (lines: ReadonlyArray<LossLine>): Picture | null => {
  const drawn = lines
    .map((line) => ({
      ...line,
      steps: thin(line.steps.filter((s) => Number.isFinite(s.loss)).toSorted((a, b) => a.step - b.step)),
    }))
    .filter((line) => line.steps.length > 1)
    .slice(0, seriesColours);
  if (drawn.length === 0) return null;
  const every = drawn.flatMap((line) => line.steps);
  const lastStep = Math.max(...every.map((s) => s.step));
  const firstStep = Math.min(...every.map((s) => s.step));
  const high = Math.max(...every.map((s) => s.loss), 1e-9);
  const room = Math.min(120, 14 + Math.max(...drawn.map((line) => textWidth(line.label))));
  const right = width - room;
  const x = linear([firstStep, lastStep], [left + 4, right - 4]);
  const y = linear([0, high], [bottom, top]);
  const step = niceStep(high, 4);
  const stepX = Math.max(1, niceStep(lastStep - firstStep, 5));
  const ends = drawn.map((line) => y(line.steps.at(-1)?.loss ?? 0));
  const placed = spread(ends, 15, [top, bottom]);

  const body = markup`<text class="panel-title" x="0" y="12">Training loss of the adapters</text><text class="small" x="0" y="30">nats per target token</text>
${ticks([0, high], step).map((v) => markup`<path class="grid" d="M${left} ${y(v)}H${right}"/><text class="end" x="${left - 6}" y="${y(v) + 4}">${tick(v, step)}</text>`)}
${ticks([firstStep, lastStep], stepX).map((v) => markup`<text class="mid" x="${x(v)}" y="${bottom + 17}">${tick(v, stepX)}</text>`)}
<text class="small end" x="${right}" y="${bottom + 32}">training step</text>
${drawn.map((line, i) => {
  const last = line.steps.at(-1);
  const end = last === undefined ? right : x(last.step);
  return markup`<g class="s${(i + firstColour) % seriesColours}"><path class="line thin" d="${line.steps.map((s, k) => markup`${k === 0 ? "M" : "L"}${x(s.step)} ${y(s.loss)}`)}"/>${
    (right - 4 - end > 16 || Math.abs((placed[i] ?? 0) - (ends[i] ?? 0)) > 8) &&
    markup`<path class="line thin" opacity=".4" d="M${end + 3} ${ends[i] ?? 0}L${right - 1} ${placed[i] ?? 0}"/>`
  }<text class="series-name" x="${right + 4}" y="${(placed[i] ?? 0) + 4}">${fit(line.label, room - 6)}</text></g>`;
})}`;
  const label = `Training loss. ${drawn.map((l) => `${l.label}: ${fixed(l.steps.at(-1)?.loss ?? Number.NaN, 3)} after ${count(l.steps.at(-1)?.step ?? 0)} steps`).join("; ")}.`;
  return { width, height: bottom + 40, label, body };
};

/** Every k-th step and the last. */
const thin = (steps: ReadonlyArray<TrainingStep>): ReadonlyArray<TrainingStep> => {
  const every = Math.ceil(steps.length / mostPoints);
  return steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
};
