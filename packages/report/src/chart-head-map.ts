/**
 * Every attention head as a cell, layer by layer. Colour says which way its output points: vermilion against refusal,
 * blue for it. The depth of the colour grows with the square root of the contribution (a few heads are ten times
 * the rest, which would otherwise be invisible); the legend shows the same scale.
 */
import type { Head } from "@precipice/artifacts";
import { interval, signed } from "./format.ts";
import { textWidth } from "./label-fit.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { niceStep, ticks } from "./scale.ts";

const width = 440;
const left = 34;
const top = 62;

/** "(5,6)": layer, head, both from 0. */
export const headName = (head: Pick<Head, "layer" | "head">): string => `(${head.layer},${head.head})`;

/**
 * The map; up to `named` suppressors of at least a tenth of the strongest get their name beside the cell. `pressable`
 * cells are buttons: the first is in the tab order, the page's script moves between them.
 */
export const headMap = (
  heads: ReadonlyArray<Head>,
  { named = 6, pressable = false }: { readonly named?: number; readonly pressable?: boolean } = {},
): Picture => {
  const drawn = heads.filter((h) => Number.isFinite(h.contribution));
  const layers = 1 + Math.max(0, ...drawn.map((h) => h.layer));
  const columns = 1 + Math.max(0, ...drawn.map((h) => h.head));
  const w = Math.min(36, (width - left) / columns);
  const h = Math.max(7, Math.min(w, 26, 420 / layers));
  const most = Math.max(0, ...drawn.map((head) => Math.abs(head.contribution)));
  const depth = (value: number) => (most === 0 ? 0 : Math.sqrt(Math.abs(value) / most));
  const right = left + columns * w;
  const bottom = top + layers * h;
  const gap = w > 14 && h > 14 ? 1.5 : 0.5;

  const cell = (head: Head, i: number): Markup => {
    const x = left + head.head * w + gap / 2;
    const y = top + head.layer * h + gap / 2;
    const told = [
      `layer ${head.layer}, head ${head.head}, rank ${head.rank}`,
      `contribution ${signed(head.contribution)} ${interval(head.lo, head.hi)}`,
      head.causal_delta !== null && `final score ${signed(head.causal_delta)} when ablated alone`,
      head.planted === true && "planted",
    ];
    const tip = told.filter(Boolean).join(" | ");
    const button =
      pressable &&
      markup` role="button" tabindex="${i === 0 ? "0" : "-1"}" data-head="${`${head.layer},${head.head}`}" aria-label="${tip.replaceAll(" | ", "; ")}"`;
    return markup`<rect class="cell ${tone(head.contribution)}"${button} fill-opacity="${depth(head.contribution)}" x="${x}" y="${y}" width="${w - gap}" height="${h - gap}" data-tip="${tip}"/>${
      head.planted === true &&
      markup`<rect class="planted" x="${x - 1}" y="${y - 1}" width="${w - gap + 2}" height="${h - gap + 2}" rx="1.5" pointer-events="none"/>`
    }`;
  };
  const everyNth = (n: number, size: number) =>
    ticks([0, n - 1], Math.max(1, niceStep(n, Math.max(2, (n * size) / 22))));

  const body = markup`<text class="panel-title" x="0" y="12">Contribution to refusal, by layer and head</text>
${legend(most)}
<text class="small" x="0" y="${top - 8}">layer</text><text class="small end" x="${right}" y="${bottom + 28}">head</text>
<rect class="wash" x="${left}" y="${top}" width="${columns * w}" height="${layers * h}"/>
${everyNth(layers, h).map((l) => markup`<text class="end small" x="${left - 6}" y="${top + (l + 0.5) * h + 4}">${String(l)}</text>`)}
${everyNth(columns, w).map((c) => markup`<text class="mid small" x="${left + (c + 0.5) * w}" y="${bottom + 14}">${String(c)}</text>`)}
${drawn.map(cell)}
${names(drawn, named, w, h, right, pressable)}`;
  const first = drawn.toSorted((a, b) => a.rank - b.rank).slice(0, 4);
  return {
    width,
    height: bottom + 36,
    label: `Contributions of ${drawn.length} heads in ${layers} layers. Most suppressing: ${first.map((x) => `${headName(x)} ${signed(x.contribution)}`).join(", ")}.`,
    body,
  };
};

const tone = (value: number): string => (value < 0 ? "suppress" : "refusal");

/** Names beside the strongest suppressors, wherever there is room that no other name has taken. */
const names = (
  heads: ReadonlyArray<Head>,
  named: number,
  w: number,
  h: number,
  right: number,
  pressable: boolean,
): ReadonlyArray<Markup> => {
  const taken: Array<{ x: number; y: number; width: number }> = [];
  const strongest = heads
    .toSorted((a, b) => a.rank - b.rank)
    .filter(
      (head, _, [first]) =>
        head.contribution < 0 && first !== undefined && head.contribution <= first.contribution / 10,
    )
    .slice(0, named);
  const cells = strongest.map((head) => ({ x: left + head.head * w, y: top + head.layer * h }));
  return strongest.flatMap((head, i) => {
    const own = cells[i] ?? { x: 0, y: 0 };
    const size = textWidth(headName(head), 11) + 4;
    const places = [
      { x: own.x + w + 2, y: own.y + h / 2 + 4 },
      { x: own.x - size, y: own.y + h / 2 + 4 },
      { x: own.x + w / 2 - size / 2, y: own.y - 3 },
      { x: own.x + w / 2 - size / 2, y: own.y + h + 10 },
    ];
    const free = places.find(
      (p) =>
        p.x >= left &&
        p.x + size <= right + 40 &&
        p.x + size <= width &&
        taken.every((t) => Math.abs(t.y - p.y) > 11 || p.x > t.x + t.width || p.x + size < t.x) &&
        cells.every((c, k) => k === i || p.x > c.x + w || p.x + size < c.x || p.y < c.y || p.y - 9 > c.y + h),
    );
    if (free === undefined) return [];
    taken.push({ ...free, width: size });
    return [
      markup`<text class="small name halo" ${pressable ? markup`data-names="${`${head.layer},${head.head}`}"` : markup`pointer-events="none"`} x="${free.x}" y="${free.y}">${headName(head)}</text>`,
    ];
  });
};

const legend = (most: number): Markup => {
  const steps = 40;
  const size = 4;
  const from = width - steps * size - 2;
  const value = (i: number) => ((i + 0.5) / steps) * 2 - 1;
  return markup`${Array.from({ length: steps }, (_, i) => markup`<rect class="cell ${tone(value(i))}" fill-opacity="${Math.sqrt(Math.abs(value(i)))}" x="${from + i * size}" y="22" width="${size}" height="9"/>`)}
<text class="small" x="${from}" y="43">${signed(-most)}</text><text class="small mid" x="${from + (steps * size) / 2}" y="43">0</text><text class="small end" x="${width - 2}" y="43">${signed(most)}</text>
<text class="small end" x="${from - 8}" y="30">suppresses</text>`;
};
