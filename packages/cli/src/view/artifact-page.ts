/** An artifact of the store: what made it from what, and the first rows of its tables. */
import { count, type Markup, markup } from "@precipice/report/html";
import type { Artifact } from "@precipice/runtime";
import { bytesText, duration, short } from "../terminal/text.ts";
import { facts, json, timeText } from "./facts.ts";
import { part, shell } from "./shell.ts";

/** Rows shown of each table. */
export const shownRows = 20;
/** Longest text of a cell, in characters. */
const longestCell = 2000;

export function artifactPage({ manifest, tables, vectors }: Artifact.Preview): string {
  const { kind, digest, contents, origin, createdAt } = manifest;
  return shell({
    title: `${kind} ${digest.slice(0, 12)} · Precipice`,
    trail: [{ name: `${kind} ${digest.slice(0, 12)}` }],
    main: markup`<h1>${kind}</h1>
${facts(
  ["digest", markup`<code>${digest}</code>`],
  ["size", bytesText(contents.bytes)],
  [
    "made by",
    `${origin.stage} version ${origin.stageVersion}, output ${origin.output}, in ${duration(origin.durationMs)}`,
  ],
  ["at", timeText(createdAt)],
  ...(origin.notes ?? []).map((note) => ["note", note] as const),
)}
${[
  ...tables.map(({ name, rows, first }) => rowsOf(name, `${count(rows)} rows`, first)),
  ...vectors.map(({ name, rows, dim, first }) => rowsOf(name, `${count(rows)} vectors of ${count(dim)}`, first)),
]}
${part("files", "Files", markup`<ul class="files">${contents.files.map(({ path, bytes }) => markup`<li><code>${path}</code> ${bytesText(bytes)}</li>`)}</ul>`)}
${part("origin", "Config", markup`${json(origin.config)}`)}
${Object.keys(origin.inputs).length > 0 && part("inputs", "Inputs", markup`<ul>${Object.entries(origin.inputs).map(([port, digests]) => markup`<li>${port}: ${digests.map((d, i) => markup`${i > 0 && ", "}<code>${d.slice(0, 12)}</code>`)}</li>`)}</ul>`)}`,
  });
}

const rowsOf = (name: string, size: string, first: ReadonlyArray<{ readonly [column: string]: unknown }>): Markup => {
  const columns = Object.keys(first[0] ?? {});
  const numeric = columns.map((column) =>
    first.every((row) => typeof row[column] === "number" || row[column] === null),
  );
  return part(
    `table-${name}`,
    name,
    first.length > 0 &&
      markup`<div class="wide" tabindex="0" role="region" aria-label="First rows of ${name}"><table class="fit"><thead><tr>${columns.map((column, i) => markup`<th scope="col" class="${numeric[i] === true ? "num" : ""}">${column}</th>`)}</tr></thead><tbody>${first.map(
        (row) =>
          markup`<tr>${columns.map((column, i) => (numeric[i] === true ? markup`<td class="num">${cell(row[column])}</td>` : markup`<td class="cell-text"><div class="clip">${cell(row[column])}</div></td>`))}</tr>`,
      )}</tbody></table></div>`,
    `${size}${first.length > 0 ? `, the first ${count(first.length)}` : ""}.`,
  );
};

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return short(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > longestCell ? `${text.slice(0, longestCell)}…` : text;
};
