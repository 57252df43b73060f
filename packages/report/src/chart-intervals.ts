/**
 * Rates as dots with whiskers, one row each, on a common scale from 0 to 1: the shape for "is this different from
 * that?". The number stands beside its row, so the picture is also the table.
 */
import { count, interval, score, tick } from "./format.ts";
import { fit } from "./label-fit.ts";
import { markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { linear } from "./scale.ts";

export interface IntervalRow {
  readonly label: string;
  /** null: this row was not measured here. */
  readonly value: number | null;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number | null;
  /** `ink` what it is compared with, `refusal` the thing tried, `muted` (hollow) a control. */
  readonly tone: "ink" | "refusal" | "suppress" | "muted";
}

const width = 420;
const left = 128;
const right = 294;
const top = 44;
const pitch = 27;

/** `reference` draws a dotted line down the chart, e.g. the rate without ablation. */
export const intervalChart = (
  title: string,
  rows: ReadonlyArray<IntervalRow>,
  reference: { readonly value: number; readonly label: string } | null = null,
): Picture => {
  const bottom = top + rows.length * pitch;
  const x = linear([0, 1], [left, right]);
  const inside = (v: number) => x(Math.min(1, Math.max(0, v)));
  const body = markup`<text class="panel-title" x="0" y="12">${title}</text>
${[0, 0.25, 0.5, 0.75, 1].map(
  (v) =>
    markup`<path class="grid" d="M${x(v)} ${top - 8}V${bottom}"/>${v * 2 === Math.round(v * 2) && markup`<text class="mid small" x="${x(v)}" y="${top - 14}">${tick(v, 0.5)}</text>`}`,
)}
${reference && markup`<path class="mark" d="M${inside(reference.value)} ${top - 8}V${bottom}"/><text class="mid small" x="${inside(reference.value)}" y="${bottom + 13}">${reference.label}</text>`}
${rows.map((row, i) => {
  const y = top + (i + 0.5) * pitch;
  const name = markup`<text class="name" x="0" y="${y + 4}">${fit(row.label, left - 14)}</text>`;
  if (row.value === null)
    return markup`${name}<text class="quiet small" x="${left + 4}" y="${y + 4}">not measured</text>`;
  const bounds = interval(row.lo, row.hi);
  return markup`${name}<g class="${row.tone}">${
    bounds !== "" && markup`<path class="whisker" d="M${inside(row.lo ?? 0)} ${y}H${inside(row.hi ?? 0)}"/>`
  }<circle class="${row.tone === "muted" ? "hollow" : "dot"}" r="4.5" cx="${inside(row.value)}" cy="${y}"/></g>
<text class="strong" x="${right + 12}" y="${y + 4}">${score(row.value)}</text><text class="small" x="${right + 46}" y="${y + 4}">${bounds}</text>
<rect class="hit" x="0" y="${y - pitch / 2}" width="${width}" height="${pitch}" data-tip="${[row.label, `${score(row.value)} ${bounds}`, row.n !== null && `n ${count(row.n)}`].filter(Boolean).join(" | ")}"/>`;
})}`;
  const label = `${title}. ${rows.map((r) => `${r.label}: ${r.value === null ? "not measured" : `${score(r.value)} ${interval(r.lo, r.hi)}`}`).join("; ")}.`;
  return { width, height: bottom + (reference === null ? 8 : 20), label, body };
};
