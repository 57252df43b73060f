/**
 * Filled tables as GitHub-flavoured Markdown. All text of the layout is data: what Markdown or HTML would read as markup is
 * escaped, and control, invisible and bidirectional characters are shown.
 */
import type { FilledCell, FilledTable, FilledTables, Measured } from "./fill-tables.ts";
import { count, fixed, interval, outward, percent, score } from "./format.ts";
import type { CellFormat } from "./table-layout.ts";
import { visibleText } from "./visible-text.ts";

/** Text that stands for itself anywhere in a line: `a|b` → `a\|b`, `<b>` → `\<b\>`. */
export const escapeMarkdown = (text: string): string => visibleText(text).replace(/[\\`*_[\]<>|~&$#]/g, "\\$&");

/** … and at the start of a line, where `#`, `-`, `1.` and the like begin a heading or a list. */
const paragraph = (text: string): string =>
  escapeMarkdown(text.trim())
    .replace(/^[+=-]/, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2");

/** Decimals that show three significant digits. */
const decimalsOf = (value: number): number =>
  value === 0 || !Number.isFinite(value) ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));

/** Three significant digits, plain as long as that is short. */
const significant = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(1).replaceAll("-", "\u2212");
  return fixed(value, decimalsOf(value));
};

const formats: Readonly<Record<CellFormat, (value: number) => string>> = {
  score,
  percent,
  count,
  number: significant,
};

/** Decimals that a format keeps: ends of intervals are rounded outwards to them. */
const kept: Readonly<Record<CellFormat, (value: number) => number>> = {
  score: () => 2,
  percent: (share) => (Math.abs(share) >= 0.0995 ? 2 : 3),
  count: () => 0,
  number: (value) => (Math.abs(value) < 1e-4 ? 1 - Math.floor(Math.log10(Math.abs(value) || 1)) : decimalsOf(value)),
};

/** `0.88 [0.83, 0.92], n 180`; without interval or n where there are none. */
const measuredText = ({ value, lo, hi, n }: Measured, format: CellFormat): string => {
  const number = formats[format];
  const known = interval(lo, hi) !== "";
  const end = (bound: number, way: "down" | "up") => number(outward(bound, kept[format](bound), way));
  const range = known ? ` [${end(lo as number, "down")}, ${end(hi as number, "up")}]` : "";
  return `${number(value)}${range}${n === null ? "" : `, n ${count(n)}`}`;
};

/** What a cell shows, before escaping. */
export const cellText = (cell: FilledCell): string => {
  switch (cell.kind) {
    case "measured":
      return measuredText(cell.metric, cell.format);
    case "reference":
      return typeof cell.value === "number" ? formats[cell.format](cell.value) : cell.value;
    case "text":
      return cell.text;
    case "answer":
      return cell.answer ? "yes" : "no";
    case "tally":
      return `${cell.yes} of ${cell.of}`;
    case "none":
      return "—";
  }
};

/** Only what a layout says can be markup; numbers and answers are this module's own. */
const escapedCell = (cell: FilledCell): string =>
  cell.kind === "text" || cell.kind === "reference" ? escapeMarkdown(cellText(cell)) : cellText(cell);

/** Rows as lines whose columns stand below one another, so that the file reads without being rendered; all but the first to the right. */
const alignedLines = ([head = [], ...rows]: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => [...(row[i] ?? "")].length)));
  const line = (cells: ReadonlyArray<string>) => {
    const padded = cells.map((cell, i) => {
      const gap = " ".repeat((widths[i] as number) - [...cell].length);
      return i === 0 ? cell + gap : gap + cell;
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) => (i === 0 ? `:${"-".repeat(width - 1)}` : `${"-".repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)];
};

const tableLines = ({ title, text, head, columns, rows, notes }: FilledTable): ReadonlyArray<string> => [
  `## ${escapeMarkdown(title)}`,
  "",
  ...(text === undefined ? [] : [paragraph(text), ""]),
  ...alignedLines([
    [head, ...columns.map((column) => column.title)].map(escapeMarkdown),
    ...rows.map((row) => [
      escapeMarkdown(row.title),
      ...columns.map(({ name }) => escapedCell(row.cells[name] as FilledCell)),
    ]),
  ]),
  "",
  ...noteLines(notes),
];

const noteLines = (notes: ReadonlyArray<string>): ReadonlyArray<string> =>
  notes.length === 0 ? [] : [...notes.map((note) => `- ${paragraph(note)}`), ""];

/** One page: a heading, every table with its notes, and the notes on all of it. Ends with a newline. */
export const tablesMarkdown = ({ title, text, tables, notes }: FilledTables): string =>
  [
    `# ${escapeMarkdown(title)}`,
    "",
    ...(text === undefined ? [] : [paragraph(text), ""]),
    "Measured values stand with their 95 % interval and the number of cases behind them; — is where there is no value.",
    "",
    ...tables.flatMap(tableLines),
    ...(notes.length === 0 ? [] : ["## Notes", "", ...noteLines(notes)]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
