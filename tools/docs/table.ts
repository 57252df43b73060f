/** A Markdown table whose columns line up in the source, as the other pages have them. */

export const cell = (text: string): string =>
  text
    .replaceAll("|", "\\|")
    .replace(/\s*\n\s*/g, " ")
    .trim();

export function markdownTable(head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string {
  const lines = [head, ...rows.map((row) => row.map(cell))];
  const widths = head.map((_, i) => Math.max(3, ...lines.map((line) => (line[i] ?? "").length)));
  const line = (parts: ReadonlyArray<string>) => `| ${widths.map((w, i) => (parts[i] ?? "").padEnd(w)).join(" | ")} |`;
  return [line(head), line(widths.map((w) => "-".repeat(w))), ...lines.slice(1).map(line)].join("\n");
}
