/** A row of any data set as a prompt: which column holds what, templates over columns, chats, and what labels mean. */
import type { Prompt } from "@precipice/artifacts";
import { clip, someOf } from "@precipice/files";
import { isBlank, referenceText } from "@precipice/judge";
import { Pipeline } from "@precipice/runtime";
import { chatText, type Role } from "./chat-text.ts";
import { fillTemplate, isTemplate, namesInTemplate } from "./fill-template.ts";
import { failEncoding } from "./read-text.ts";
import { failFile, type PlacedRow, type Row, type Wanted } from "./row.ts";
import { keyFor } from "./same-value.ts";

/** A column, a template such as `{instruction}\n{input}`, or several of these: the first that is not blank. */
export type Cell = string | ReadonlyArray<string>;

export const FIELDS = ["prompt", "label", "id", "split", "family", "reference", "target", "note"] as const;
export type Columns = { readonly [field in (typeof FIELDS)[number]]?: Cell };
export type Labels = Prompt["label"] | Readonly<Record<string, Prompt["label"]>>;

export interface Layout {
  readonly columns: Columns;
  readonly labels?: Labels | undefined;
  /** What a row without a split is given. */
  readonly split: string;
}

const namesIn = (cell: Cell): string[] =>
  [cell].flat().flatMap((one) => (isTemplate(one) ? namesInTemplate(one) : [one]));

/** The columns a layout reads, and those of the filter. Names that begin with `$` are no columns but facts of the source. */
export const wantedColumns = ({ columns, labels }: Layout, filtered: ReadonlyArray<string>): Wanted => {
  const given = Object.entries(columns).flatMap(([field, cell]) =>
    field === "label" && typeof labels === "string" ? [] : namesIn(cell as Cell),
  );
  const implied = [
    columns.prompt ?? "prompt",
    ...(typeof labels === "string" ? [] : [columns.label ?? "label"]),
  ].flatMap(namesIn);
  const required = [...new Set([...given, ...implied, ...filtered])].filter((name) => !name.startsWith("$"));
  return { required, optional: FIELDS.filter((field) => columns[field] === undefined && !required.includes(field)) };
};

/** The prompt of a row. Fails with place, column and what is wrong. */
export const toPrompt = ({ row, place, id }: PlacedRow, layout: Layout): Prompt => {
  const { columns } = layout;
  const optional = (field: (typeof FIELDS)[number]): string | null => {
    const cell = columns[field] ?? (row[field] === undefined || row[field] === null ? undefined : field);
    if (cell === undefined) return null;
    const text = textOf(row, cell, place, field === "reference" ? "assistant" : "user");
    return isBlank(text) ? null : text;
  };
  const reference = optional("reference");
  const target = hasTarget(row, columns) ? optional("target") : null;
  const prompt = textOf(row, columns.prompt ?? "prompt", place, "user");
  if (prompt.trim() === "")
    failFile(
      `${place}: the prompt (column ${quoted(columns.prompt ?? "prompt")}) is blank; expected a prompt that is not blank`,
      'Leave such rows out with "where", or name another column',
    );
  return {
    id: optional("id") ?? id,
    prompt,
    label: labelOf(row, place, layout),
    split: optional("split") ?? layout.split,
    family: optional("family"),
    reference: referenceText(reference) === null ? null : reference,
    ...(target === null ? {} : { target }),
    note: optional("note"),
  };
};

/** Whether there is a target to read. Many sets call a class or a list `target`: unless named, only text is one. */
const hasTarget = (row: Row, { target }: Columns): boolean => target !== undefined || typeof row["target"] === "string";

const labelOf = (row: Row, place: string, { columns, labels }: Layout): Prompt["label"] => {
  if (typeof labels === "string") return labels;
  const column = columns.label ?? "label";
  const value = textOf(row, column, place, "user");
  const known = labels ?? { harmful: "harmful", harmless: "harmless" };
  const label = known[keyFor(value, Object.keys(known)) ?? "*"];
  if (label !== undefined) return label;
  const near = Pipeline.nearest(value, Object.keys(known));
  return failFile(
    `${place}: the label (column ${quoted(column)}) is ${JSON.stringify(value.slice(0, 60))}; expected ${Object.keys(
      known,
    )
      .map((name) => `"${name}"`)
      .join(" or ")}`,
    `${near === undefined ? "" : `Did you mean "${near}"? `}Say what labels mean with "labels", for example { unsafe: harmful, safe: harmless }, or "labels: harmful" for all rows`,
  );
};

const quoted = (cell: Cell): string =>
  [cell]
    .flat()
    .map((one) => `"${one}"`)
    .join(", ");

const textOf = (row: Row, cell: Cell, place: string, role: Role): string => {
  let text = "";
  for (const one of [cell].flat()) {
    text = isTemplate(one)
      ? fillTemplate(one, (name) => valueText(row, name, place, role))
      : valueText(row, one, place, role);
    if (!isBlank(text)) return text;
  }
  return text;
};

const valueText = (row: Row, name: string, place: string, role: Role): string => {
  if (!Object.hasOwn(row, name)) {
    const columns = Object.keys(row).filter((column) => !column.startsWith("$"));
    const near = Pipeline.nearest(name, columns.slice(0, 1000));
    return failFile(
      `${place}: there is no "${name}" among ${someOf(columns.map((column) => JSON.stringify(clip(column, 200)))) || "no columns"}`,
      `${near === undefined ? "" : `Did you mean "${near}"? `}Say which columns hold what with "columns"; a row needs a prompt and a label ("harmful" or "harmless")`,
    );
  }
  const value = row[name];
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "string") return wellFormed(value, place, name);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Array.isArray(value) && value.length === 0) return "";
  if (Array.isArray(value)) return wellFormed(chatText(value, role, `${place}: column "${name}"`), place, name);
  return failFile(
    `${place}: column "${name}" holds no text`,
    'Name a column of text, or a chat: [{ role: "user", content: "…" }]',
  );
};

/** `\ud800` alone in a JSON text is half a character: no file and no model can hold it. */
const wellFormed = (text: string, place: string, name: string): string =>
  text.isWellFormed()
    ? text
    : failEncoding(
        place,
        `column "${name}" holds half of a surrogate pair (as \\ud83d alone), which UTF-8 cannot write`,
      );
