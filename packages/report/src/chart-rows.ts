/** Plain bars for counts (rows used per selection method), with the count and its share of the pool beside each. */
import { count, percent } from "./format.ts";
import { fit } from "./label-fit.ts";
import { markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { linear } from "./scale.ts";

export interface CountRow {
  readonly label: string;
  /** null: unknown. */
  readonly value: number | null;
  readonly pool: number | null;
}

const width = 420;
const left = 128;
const right = 268;
const top = 44;
const pitch = 27;

export const rowsChart = (title: string, rows: ReadonlyArray<CountRow>): Picture => {
  const most = Math.max(1, ...rows.map((r) => r.value ?? 0));
  const x = linear([0, most], [left, right]);
  const bottom = top + rows.length * pitch;
  const share = (row: CountRow) =>
    row.value === null || !row.pool ? "" : `${percent(row.value / row.pool)} of the pool`;
  const body = markup`<text class="panel-title" x="0" y="12">${title}</text><path class="axis" d="M${left} ${top - 8}V${bottom}"/>
${rows.map((row, i) => {
  const y = top + (i + 0.5) * pitch;
  return markup`<text class="name" x="0" y="${y + 4}">${fit(row.label, left - 14)}</text>${
    row.value === null
      ? markup`<text class="quiet small" x="${left + 6}" y="${y + 4}">unknown</text>`
      : markup`<rect class="bar muted" x="${left}" y="${y - 5}" width="${Math.max(1, x(row.value) - left)}" height="10"/><text class="strong" x="${x(row.value) + 7}" y="${y + 4}">${count(row.value)}</text><text class="small" x="${x(row.value) + 14 + count(row.value).length * 6.8}" y="${y + 4}">${share(row)}</text>`
  }`;
})}`;
  const label = `${title}. ${rows.map((r) => `${r.label}: ${r.value === null ? "unknown" : `${count(r.value)} ${share(r)}`}`).join("; ")}.`;
  return { width, height: bottom + 8, label, body };
};
