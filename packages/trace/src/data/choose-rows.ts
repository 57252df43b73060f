/** Which rows of a data set are kept: a filter over its columns, and each prompt once. */
import type { Prompt } from "@precipice/artifacts";
import { StageError } from "@precipice/runtime";
import type { Row } from "./row.ts";
import { cellText, sameAs } from "./same-value.ts";

type Value = string | number | boolean | null;
/** A value, one of several, all but these, or a regular expression over the text. */
export type Condition =
  | Value
  | ReadonlyArray<Value>
  | { readonly not: Value | ReadonlyArray<Value> }
  | { readonly matches: string };
export type Where = Readonly<Record<string, Condition>>;

export interface RowFilter {
  /** Whether a row meets all conditions. */
  readonly keeps: (row: Row) => boolean;
  /** What of the filter no row has had: a value that never occurs, a pattern that never matches. Nothing while there was no row. */
  readonly unused: () => ReadonlyArray<string>;
}

interface Test {
  readonly column: string;
  readonly keeps: (cell: unknown) => boolean;
  /** The values or the pattern, each with whether any cell had it. */
  readonly parts: ReadonlyArray<Part>;
  /** The first few texts of the column, for the message. */
  readonly seen: Set<string>;
}

interface Part {
  readonly shown: string;
  readonly is: (cell: unknown) => boolean;
  occurred: boolean;
}

export const rowFilter = (where: Where): RowFilter => {
  const tests = Object.entries(where).map(([column, condition]) => testOf(column, condition));
  let rows = 0;
  const keeps = (row: Row): boolean => {
    rows++;
    return tests.map((test) => note(test, row[test.column] ?? null)).every((kept) => kept);
  };
  const unused = () =>
    rows === 0 ? [] : tests.flatMap((test) => test.parts.filter(({ occurred }) => !occurred).map((p) => told(test, p)));
  return { keeps, unused };
};

const note = ({ parts, keeps, seen }: Test, cell: unknown): boolean => {
  for (const part of parts) if (!part.occurred) part.occurred = part.is(cell);
  if (seen.size < 5) seen.add(JSON.stringify(cellText(cell)?.slice(0, 60) ?? null));
  return keeps(cell);
};

const told = ({ column, seen }: Test, { shown }: Part): string =>
  `where.${column}: no row has ${shown}; its values are ${[...seen].join(", ")}${seen.size < 5 ? "" : ", …"}`;

const testOf = (column: string, condition: Condition): Test => {
  const seen = new Set<string>();
  const partsOf = (values: Value | ReadonlyArray<Value>): Part[] =>
    [values].flat().map((value) => ({ shown: JSON.stringify(value), is: sameAs(value), occurred: false }));
  if (condition !== null && typeof condition === "object" && "matches" in condition) {
    const part = { shown: `/${condition.matches}/`, is: matcher(column, condition.matches), occurred: false };
    return { column, keeps: part.is, parts: [part], seen };
  }
  const isNot = condition !== null && typeof condition === "object" && "not" in condition;
  const parts = partsOf(isNot ? condition.not : (condition as Value | ReadonlyArray<Value>));
  return { column, keeps: (cell) => parts.some(({ is }) => is(cell)) !== isNot, parts, seen };
};

const matcher = (column: string, matches: string): ((cell: unknown) => boolean) => {
  try {
    const pattern = new RegExp(matches, "u");
    return (cell) => {
      const text = cellText(cell); // a blank cell is none, and matches nothing
      return text !== null && pattern.test(text);
    };
  } catch (cause) {
    throw new StageError({
      code: "E_PROMPTS_WHERE",
      message: `where.${column}: /${matches}/ is no regular expression: ${(cause as Error).message}`,
      remedy: "Write a JavaScript regular expression without slashes",
      cause,
    });
  }
};

/** The first of prompts that differ in case and white space alone. */
export const distinctPrompts = (): ((prompt: Prompt) => boolean) => {
  const seen = new Set<string>();
  return ({ prompt }) => {
    const key = prompt.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase();
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  };
};
