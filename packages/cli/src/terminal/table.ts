/** Rows as an aligned table that fits the width, or as one block per row when there are too many columns. */
import { columnsOf, cut, cutMiddle, printable, short } from "./text.ts";

export type Cells = { readonly [column: string]: unknown };

/** Narrowest a column may become before rows are shown as blocks. */
const narrowest = 6;
const gap = 2;

/** Lines without colours; the first is the header. Columns come from the first row. */
export function table(rows: ReadonlyArray<Cells>, width: number): ReadonlyArray<string> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return [];
  const texts = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = fit(
    columns.map((column, i) => Math.max(columnsOf(column), ...texts.map((line) => columnsOf(line[i] ?? "")))),
    width - gap * (columns.length - 1),
  );
  if (widths === undefined) return blocks(columns, texts, width);
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] === "number" || row[column] === null));
  const line = (cells: ReadonlyArray<string>): string =>
    cells
      .map((text, i) => {
        const shorten = columns[i] === "node" ? cutMiddle : cut;
        return aligned(shorten(text, widths[i] ?? 0), widths[i] ?? 0, numeric[i] === true);
      })
      .join(" ".repeat(gap))
      .trimEnd();
  return [line(columns), line(widths.map((w) => "─".repeat(w))), ...texts.map(line)];
}

/** Shrinks the widest columns until all fit; `undefined` when even the narrowest do not. */
function fit(wanted: ReadonlyArray<number>, width: number): ReadonlyArray<number> | undefined {
  const least = wanted.reduce((sum, w) => sum + Math.min(w, narrowest), 0);
  if (least > width) return undefined;
  const widths = [...wanted];
  for (let total = widths.reduce((a, b) => a + b, 0); total > width; total--) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function blocks(
  columns: ReadonlyArray<string>,
  texts: ReadonlyArray<ReadonlyArray<string>>,
  width: number,
): ReadonlyArray<string> {
  const label = Math.max(...columns.map(columnsOf));
  return texts.flatMap((cells, row) => [
    `row ${row}`,
    ...columns.map((column, i) => cut(`  ${aligned(column, label, false)}  ${cells[i] ?? ""}`, width)),
  ]);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return short(value);
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(cell).join(" ")}${value.length > 8 ? " …" : ""}]`;
  return printable(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function aligned(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - columnsOf(text)));
  return right ? space + text : text + space;
}
