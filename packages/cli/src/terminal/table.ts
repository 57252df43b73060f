/** Rows as an aligned table that fits the width, or as one block per row when there are too many columns. */
import { columnsOf, cut, printable, short } from "./text.ts";

export type Cells = { readonly [column: string]: unknown };

export interface TableOptions {
  /** Columns whose texts go on in further lines where they would be cut. */
  readonly wrap?: ReadonlyArray<string>;
}

/** Narrowest a column may become before rows are shown as blocks. */
const narrowest = 6;
const gap = 2;

/** Columns that one copies from: what is cut there cannot be given to another command. */
const isWhole = (column: string): boolean =>
  /^(run|pipeline|node|stage|metric|key|id|.*_id|name|kind|digest|what|input|output)$/.test(column);

/** Lines without colours; the first is the header. Columns come from the first row. Ids and names are never cut. */
export function table(rows: ReadonlyArray<Cells>, width: number, options: TableOptions = {}): ReadonlyArray<string> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return [];
  const texts = rows.map((row) => columns.map((column) => cell(row[column])));
  const most = (i: number, size: (text: string) => number): number =>
    texts.reduce((so, line) => Math.max(so, size(line[i] ?? "")), size(columns[i] ?? ""));
  const wanted = columns.map((_, i) => most(i, columnsOf));
  const wraps = columns.map((column) => options.wrap?.includes(column) === true);
  const least = columns.map((column, i) =>
    isWhole(column) ? (wanted[i] ?? 0) : wraps[i] ? most(i, longestWord) : Math.min(wanted[i] ?? 0, narrowest),
  );
  const widths = fit(wanted, least, width - gap * (columns.length - 1));
  if (widths === undefined) return blocks(columns, texts, wraps, width);
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] === "number" || row[column] === null));
  const line = (cells: ReadonlyArray<string>): string =>
    cells
      .map((text, i) => aligned(cut(text, widths[i] ?? 0), widths[i] ?? 0, numeric[i] === true))
      .join(" ".repeat(gap))
      .trimEnd();
  const lines = (cells: ReadonlyArray<string>): ReadonlyArray<string> => {
    const parts = cells.map((text, i) => (wraps[i] ? wrapped(text, widths[i] ?? 0) : [text]));
    const height = Math.max(...parts.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) => line(parts.map((part) => part[at] ?? "")));
  };
  return [line(columns), line(widths.map((w) => "─".repeat(w))), ...texts.flatMap(lines)];
}

/** Shrinks the widest columns that may until all fit; `undefined` when even the narrowest do not. */
function fit(
  wanted: ReadonlyArray<number>,
  least: ReadonlyArray<number>,
  width: number,
): ReadonlyArray<number> | undefined {
  if (least.reduce((sum, w) => sum + w, 0) > width) return undefined;
  const widths = [...wanted];
  for (let total = widths.reduce((a, b) => a + b, 0); total > width; total--) {
    const free = widths.map((w, i) => (w > (least[i] ?? 0) ? w : 0));
    const widest = free.indexOf(Math.max(...free));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

const longestWord = (text: string): number => Math.max(...text.split(" ").map(columnsOf));

/** Lines of whole words. */
function wrapped(text: string, width: number): ReadonlyArray<string> {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) as string;
    const longer = last === "" ? word : `${last} ${word}`;
    if (last === "" || columnsOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function blocks(
  columns: ReadonlyArray<string>,
  texts: ReadonlyArray<ReadonlyArray<string>>,
  wraps: ReadonlyArray<boolean>,
  width: number,
): ReadonlyArray<string> {
  const label = Math.max(...columns.map(columnsOf));
  return texts.flatMap((cells, row) => [
    `row ${row}`,
    ...columns.map((column, i) => {
      const line = `  ${aligned(column, label, false)}  ${cells[i] ?? ""}`.trimEnd();
      return isWhole(column) || wraps[i] ? line : cut(line, width);
    }),
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
