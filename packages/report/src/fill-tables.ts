/** From a layout and the metrics of nodes to tables with values. Everything that does not fit is told at once. */
import { Pipeline, StageError } from "@precipice/runtime";
import type { FromNode, Metric } from "./data.ts";
import type { Cell, CellFormat, MetricName, TableColumn, TableLayout, TableRow } from "./table-layout.ts";

/** Where a value came from, with its interval. */
export interface Measured extends Metric {
  readonly node: string;
}

export type FilledCell =
  | { readonly kind: "measured"; readonly format: CellFormat; readonly metric: Measured }
  | { readonly kind: "reference"; readonly format: CellFormat; readonly value: string | number }
  | { readonly kind: "text"; readonly text: string }
  /** A yes or no that was computed, and from what. */
  | {
      readonly kind: "answer";
      readonly answer: boolean;
      readonly value: number;
      readonly metric?: Measured;
      readonly below?: number;
      readonly inside?: Measured;
    }
  /** How many of a column's answers are yes. */
  | { readonly kind: "tally"; readonly yes: number; readonly of: number }
  | { readonly kind: "none" };

export interface FilledTable {
  readonly name: string;
  readonly title: string;
  readonly text?: string;
  readonly head: string;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly title: string }>;
  readonly rows: ReadonlyArray<{ readonly title: string; readonly cells: Readonly<Record<string, FilledCell>> }>;
  readonly notes: ReadonlyArray<string>;
}

export interface FilledTables {
  readonly title: string;
  readonly text?: string;
  readonly tables: ReadonlyArray<FilledTable>;
  readonly notes: ReadonlyArray<string>;
}

interface Problem {
  readonly where: string;
  readonly what: string;
}

/**
 * What a cell shows: the row's word, else the column's, else nothing. A row that fills in nothing, such as one of values from
 * elsewhere, has no cell where the column's needs filling in.
 */
const cellOf = (column: TableColumn, row: TableRow): Cell | undefined => {
  if (Object.hasOwn(row.cells, column.name)) return row.cells[column.name];
  const bare = Object.keys(row.with).length === 0;
  return bare && column.cell !== undefined && placeholdersOf(column.cell).length > 0 ? undefined : column.cell;
};

const place = (table: string, row: TableRow, column: string): string => `table ${table}, row "${row.title}", ${column}`;

/** What is wrong with a layout whatever the metrics are. Throws a StageError E_TABLES_LAYOUT that lists all of it. */
export const checkLayout = (layout: TableLayout): void => {
  const problems: Problem[] = [];
  const names = layout.tables.map(({ name }) => name);
  for (const name of repeated(names)) problems.push({ where: `table ${name}`, what: "is there twice" });
  for (const { name, columns, rows } of layout.tables) {
    const known = columns.map((column) => column.name);
    for (const twice of repeated(known)) problems.push({ where: `table ${name}`, what: `has two columns "${twice}"` });
    for (const row of rows) {
      const used = new Set(columns.flatMap((column) => placeholdersOf(cellOf(column, row) ?? {})));
      for (const unused of Object.keys(row.with).filter((key) => !used.has(key))) {
        const what = `says what {${unused}} is, and no cell of it asks`;
        problems.push({ where: `table ${name}, row "${row.title}"`, what });
      }
      for (const column of Object.keys(row.cells).filter((key) => !known.includes(key))) {
        const near = Pipeline.nearest(column, known);
        const hint = near === undefined ? "" : `; is "${near}" meant?`;
        problems.push({ where: place(name, row, column), what: `is not a column of the table${hint}` });
      }
      for (const column of columns) {
        const cell = cellOf(column, row);
        const what = cell === undefined ? undefined : faultOf(cell, row);
        if (what !== undefined) problems.push({ where: place(name, row, column.name), what });
      }
    }
  }
  fail("E_TABLES_LAYOUT", problems, "Correct the layout; precipice stages report.tables says what it may hold");
};

const faultOf = (cell: Cell, row: TableRow): string | undefined => {
  const { metric, reference, text, below, inside } = cell;
  if ([metric, reference, text].filter((part) => part !== undefined).length !== 1)
    return "needs exactly one of metric, reference and text";
  if (below !== undefined && inside !== undefined) return "asks for both below and inside";
  if ((below ?? inside) !== undefined && typeof (metric === undefined ? reference : 0) !== "number")
    return "can be compared only when it shows a metric or a reference that is a number";
  const open = placeholdersOf(cell).find((name) => !Object.hasOwn(row.with, name));
  return open === undefined ? undefined : `has {${open}}, and the row says nothing of it: add it to \`with\``;
};

const placeholder = /\{(\w+)\}/g;
const placeholdersOf = ({ metric, inside }: Cell): ReadonlyArray<string> =>
  [metric, inside]
    .flatMap((name) => (name === undefined ? [] : typeof name === "string" ? [name] : [name.key, name.node]))
    .flatMap((template) => [...template.matchAll(placeholder)].map(([, name]) => name as string));
const substitute = (template: string, row: TableRow): string =>
  template.replace(placeholder, (_, name: string) => String(row.with[name]));

const repeated = (names: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(names.filter((name, i) => names.indexOf(name) !== i));

/**
 * A key is looked up in all nodes; where several have it, the layout must name the node. Throws a StageError: E_TABLES_LAYOUT,
 * or E_TABLES_METRIC for metrics that are not there, are there several times, or have no interval to lie in.
 */
export const fillTables = (layout: TableLayout, metrics: ReadonlyArray<FromNode<Metric>>): FilledTables => {
  checkLayout(layout);
  const problems: Problem[] = [];
  const tables = layout.tables.map(({ name, title, text, head, columns, rows, notes }): FilledTable => {
    const filled = rows.map((row) => ({
      title: row.title,
      cells: Object.fromEntries(
        columns.map((column) => {
          const cell = cellOf(column, row);
          const found = cell === undefined ? none : fill(cell, row, cell.format ?? column.format, metrics);
          if (typeof found === "string") problems.push({ where: place(name, row, column.name), what: found });
          return [column.name, typeof found === "string" ? none : found];
        }),
      ),
    }));
    const heads = columns.map((column) => ({ name: column.name, title: column.title }));
    const total = tally(columns, filled);
    const all = total === undefined ? filled : [...filled, total];
    return { name, title, ...(text === undefined ? {} : { text }), head, columns: heads, rows: all, notes };
  });
  fail("E_TABLES_METRIC", problems, "Correct key and node, wire the metrics, or set optional: true for a dash");
  const { title, text, notes } = layout;
  return { title, ...(text === undefined ? {} : { text }), tables, notes };
};

const none: FilledCell = { kind: "none" };

type FilledRow = FilledTable["rows"][number];

/** The row that counts, where a column asks for one. */
const tally = (columns: ReadonlyArray<TableColumn>, rows: ReadonlyArray<FilledRow>): FilledRow | undefined => {
  if (!columns.some((column) => column.tally)) return undefined;
  const cells = columns.map((column): [string, FilledCell] => {
    if (!column.tally) return [column.name, none];
    const answers = rows.flatMap(({ cells }) => {
      const cell = cells[column.name];
      return cell?.kind === "answer" ? [cell.answer] : [];
    });
    return [column.name, { kind: "tally", yes: answers.filter(Boolean).length, of: answers.length }];
  });
  return { title: "yes", cells: Object.fromEntries(cells) };
};

/**
 * The tallies of answers that this run measured, one metric each: `value` answers of `n` are yes. A count of decisions has no
 * interval. Tallies of values from elsewhere alone are the elsewhere's, and left out.
 */
export const tallyMetrics = (
  tables: ReadonlyArray<FilledTable>,
  prefix: string,
): ReadonlyArray<Metric & { readonly title: string }> =>
  tables.flatMap(({ name, columns, rows }) =>
    columns.flatMap((column) => {
      const cells = rows.map((row) => row.cells[column.name]);
      const total = cells.find((cell) => cell?.kind === "tally");
      if (total?.kind !== "tally" || !cells.some((cell) => cell?.kind === "answer" && cell.metric !== undefined))
        return [];
      const { yes: value, of: n } = total;
      return [{ key: `${prefix}.${name}.${column.name}.yes`, value, lo: null, hi: null, n, title: column.title }];
    }),
  );

/** The cell, or what is wrong with it. */
const fill = (
  { metric, reference, text, below, inside, optional = false }: Cell,
  row: TableRow,
  format: CellFormat,
  metrics: ReadonlyArray<FromNode<Metric>>,
): FilledCell | string => {
  if (text !== undefined) return { kind: "text", text };
  const lookUp = (name: MetricName) => find(name, row, metrics);
  const found = metric === undefined ? undefined : lookUp(metric);
  if (typeof found === "string") return optional && found.startsWith(missing) ? none : found;
  const value = found === undefined ? (reference as string | number) : found.value;
  const known = found === undefined ? {} : { metric: found };
  if (below !== undefined) {
    return { kind: "answer", answer: (value as number) < below, value: value as number, ...known, below };
  }
  if (inside !== undefined) {
    const range = lookUp(inside);
    if (typeof range === "string") return optional && range.startsWith(missing) ? none : range;
    const { lo, hi } = range;
    if (lo === null || hi === null) return `the metric "${range.key}" of node ${range.node} has no interval`;
    const answer = lo <= (value as number) && (value as number) <= hi;
    return { kind: "answer", answer, value: value as number, ...known, inside: range };
  }
  return found === undefined ? { kind: "reference", format, value } : { kind: "measured", format, metric: found };
};

const missing = "there is no metric";

const find = (name: MetricName, row: TableRow, metrics: ReadonlyArray<FromNode<Metric>>): Measured | string => {
  const key = substitute(typeof name === "string" ? name : name.key, row);
  const node = typeof name === "string" ? undefined : substitute(name.node, row);
  const nodes = metrics.filter((from) => node === undefined || from.node === node);
  if (nodes.length === 0) {
    const near = Pipeline.nearest(node ?? "", new Set(metrics.map((from) => from.node)));
    // not `missing`: a node that is not wired is a mistake even where a metric may be absent
    return `no metrics of a node "${node}" are wired${near === undefined ? "" : `; is "${near}" meant?`}`;
  }
  const hits = nodes.flatMap((from) =>
    from.rows.filter((metric) => metric.key === key).map((metric): Measured => ({ ...metric, node: from.node })),
  );
  const [first] = hits;
  if (first !== undefined && hits.length === 1) return first;
  if (first !== undefined) {
    return `"${key}" comes from ${hits.map((hit) => hit.node).join(" and ")}: name one as { key, node }`;
  }
  const near = Pipeline.nearest(
    key,
    nodes.flatMap(({ rows }) => rows.map((metric) => metric.key)),
  );
  const hint = near === undefined ? "" : `; is "${near}" meant?`;
  return `${missing} "${key}"${node === undefined ? "" : ` in node ${node}`}${hint}`;
};

const fail = (code: string, problems: ReadonlyArray<Problem>, remedy: string): void => {
  if (problems.length === 0) return;
  const message = problems.map(({ where, what }) => `${where}: ${what}`).join("\n");
  throw new StageError({ code, message, remedy });
};
