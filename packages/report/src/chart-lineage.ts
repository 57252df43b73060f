/** The tasks behind the report as a graph from left to right: each column reads only from those before it. */
import type { LineageTask } from "./data.ts";
import { fit } from "./label-fit.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";

const box = { width: 132, height: 30 };
const gap = { x: 40, y: 9 };
/** Passes over the columns that pull each task towards its neighbours. */
const passes = 6;

interface Placed {
  readonly task: LineageTask;
  readonly column: number;
  /** Place in the column, from the top. */
  row: number;
}

/**
 * null without tasks. Tasks of `lineage` stand after the ones they read. With `link`, each box leads to the address it
 * gives.
 */
export const lineageChart = (
  lineage: ReadonlyArray<LineageTask>,
  link?: (task: LineageTask) => string,
): Picture | null => {
  if (lineage.length === 0) return null;
  const placed = new Map<string, Placed>();
  const before = (task: LineageTask) => Object.values(task.inputs).flat();
  for (const task of lineage) {
    const column = 1 + Math.max(-1, ...before(task).map((id) => placed.get(id)?.column ?? -1));
    placed.set(task.id, { task, column, row: 0 });
  }
  const after = new Map<string, string[]>();
  for (const task of lineage) for (const id of before(task)) after.set(id, [...(after.get(id) ?? []), task.id]);
  const columns = [...Map.groupBy(placed.values(), (p) => p.column).values()];
  for (const column of columns)
    column.forEach((p, i) => {
      p.row = i;
    });
  for (let pass = 0; pass < passes; pass++)
    for (const column of pass % 2 === 0 ? columns : columns.toReversed()) {
      const pull = (p: Placed) => {
        const ids = pass % 2 === 0 ? before(p.task) : (after.get(p.task.id) ?? []);
        const rows = ids.flatMap((id) => placed.get(id)?.row ?? []);
        return rows.length === 0 ? p.row : rows.reduce((a, b) => a + b, 0) / rows.length;
      };
      const wanted = new Map(column.map((p) => [p, pull(p)]));
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || a.row - b.row);
      column.forEach((p, i) => {
        p.row = i;
      });
    }
  const tallest = Math.max(...columns.map((c) => c.length));
  const pitch = box.height + gap.y;
  const left = (p: Placed) => p.column * (box.width + gap.x);
  const top = (p: Placed) => (p.row + (tallest - (columns[p.column]?.length ?? 0)) / 2) * pitch;

  const edges = [...placed.values()].flatMap((to) =>
    [...new Set(before(to.task))].flatMap((id) => {
      const from = placed.get(id);
      if (from === undefined) return [];
      const [x1, y1] = [left(from) + box.width, top(from) + box.height / 2];
      const [x2, y2] = [left(to), top(to) + box.height / 2];
      const bend = Math.max(gap.x / 2, (x2 - x1) / 2);
      return [markup`<path class="edge" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`];
    }),
  );
  const boxes = [...placed.values()].map((p): Markup => {
    const name = nameOf(p.task);
    const drawn = markup`<g transform="translate(${left(p)} ${top(p)})" data-tip="${[p.task.nodes.join(", "), `${p.task.stage}@${p.task.version}`, p.task.id.slice(0, 12)].filter((t) => t !== "").join(" | ")}"><rect class="task" width="${box.width}" height="${box.height}" rx="4"/><text class="name small" x="8" y="13">${fit(name, box.width - 14, 11)}</text><text class="tiny" x="8" y="24">${fit(p.task.stage, box.width - 14, 9.5)}</text></g>`;
    return link === undefined
      ? drawn
      : markup`<a href="${link(p.task)}" aria-label="${name}, ${p.task.stage}">${drawn}</a>`;
  });
  return {
    width: columns.length * (box.width + gap.x) - gap.x,
    height: tallest * pitch - gap.y,
    label: `Lineage: ${lineage.map((t) => `${nameOf(t)} (${t.stage})`).join(", ")}.`,
    body: markup`${edges}${boxes}`,
  };
};

/** Name of its node, else what its config calls it. */
const nameOf = (task: LineageTask): string => {
  const [node] = task.nodes;
  if (node !== undefined) return node;
  const { config } = task;
  for (const key of ["name", "arm", "source", "split", "method"])
    if (typeof config === "object" && config !== null && key in config) {
      const value = (config as Record<string, unknown>)[key];
      if (typeof value === "string" && value !== "") return value;
    }
  return task.stage;
};
