/** The most suppressing heads as bars with intervals, and what ablating each alone does to the final score. */
import type { Head } from "@precipice/artifacts";
import { headName } from "./chart-head-map.ts";
import { signed, tick } from "./format.ts";
import { markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { linear, niceStep, ticks } from "./scale.ts";

const width = 420;
const left = 74;
const top = 62;
const pitch = 23;

export const headBars = (heads: ReadonlyArray<Head>, shown = 12): Picture => {
  const first = heads
    .filter((h) => Number.isFinite(h.contribution))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, shown);
  const causal = first.some((h) => h.causal_delta !== null);
  const right = causal ? 320 : 400;
  const low = Math.min(0, ...first.flatMap((h) => [h.contribution, finite(h.lo)]));
  const high = Math.max(0, ...first.flatMap((h) => [h.contribution, finite(h.hi)]));
  const step = niceStep(high - low || 1, 4);
  const x = linear([low, high === low ? low + 1 : high], [left, right - 56]);
  const bottom = top + first.length * pitch;

  const body = markup`<text class="panel-title" x="0" y="12">The ${String(first.length)} most suppressing heads</text>
<text class="small" x="${left}" y="30">contribution</text>${causal && markup`<text class="small end" x="${width - 2}" y="30">change of final score if ablated</text>`}
${ticks([low, high], step).map((v) => markup`<path class="grid" d="M${x(v)} ${top - 10}V${bottom}"/><text class="mid small" x="${x(v)}" y="${top - 15}">${tick(v, step)}</text>`)}
<path class="axis" d="M${x(0)} ${top - 10}V${bottom}"/>
${first.map((head, i) => {
  const y = top + (i + 0.5) * pitch;
  const [from, to] = head.contribution < 0 ? [x(head.contribution), x(0)] : [x(0), x(head.contribution)];
  const whisker = head.lo !== null && head.hi !== null && Number.isFinite(head.lo) && Number.isFinite(head.hi);
  return markup`<text class="quiet small end" x="18" y="${y + 4}">${String(head.rank)}</text><text class="name" x="26" y="${y + 4}">${headName(head)}</text>
<g class="${head.contribution < 0 ? "suppress" : "refusal"}"><rect class="bar" x="${from}" y="${y - 5}" width="${Math.max(0.5, to - from)}" height="10"/></g>${
    whisker && markup`<path class="whisker ink" stroke-width="1.25" d="M${x(head.lo ?? 0)} ${y}H${x(head.hi ?? 0)}"/>`
  }${head.planted === true && markup`<rect class="planted" x="23" y="${y - 9}" width="${left - 30}" height="18" rx="2"/>`}
<text class="end" x="${right}" y="${y + 4}">${signed(head.contribution)}</text>${
    head.causal_delta !== null &&
    markup`<text class="strong end" x="${width - 2}" y="${y + 4}">${signed(head.causal_delta)}</text>`
  }`;
})}`;
  return {
    width,
    height: bottom + 10,
    label: `The most suppressing heads: ${first.map((h) => `${headName(h)} ${signed(h.contribution)}`).join(", ")}.`,
    body,
  };
};

const finite = (value: number | null): number => (value !== null && Number.isFinite(value) ? value : 0);
