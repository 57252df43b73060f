/**
 * References to nodes: `node`, `node.output`, `fragment/node`, and for a node with a matrix `node[*]`,
 * `node[seed=1,method=ms]`, `node[seed=1|2]`, `node[method!=random]`.
 */
import type { MatrixValues } from "./matrix.ts";

export interface Condition {
  readonly key: string;
  readonly negated: boolean;
  readonly values: ReadonlyArray<string>;
  /** A bare `*` is among the values; one in quotes is a value like others. */
  readonly any: boolean;
}

export interface Reference {
  /** With its namespace, without brackets. */
  readonly node: string;
  /** All must hold; none for `[*]`; `undefined` without brackets. */
  readonly conditions: ReadonlyArray<Condition> | undefined;
  readonly output: string | undefined;
}

const condition =
  /\s*([A-Za-z_][\w-]*)\s*(!?=)\s*((?:"(?:[^"\\]|\\.)*"|[^\]|,"\s]+)(?:\s*\|\s*(?:"(?:[^"\\]|\\.)*"|[^\]|,"\s]+))*)\s*/y;
const value = /"(?:[^"\\]|\\.)*"|[^\]|,"\s]+/g;

/** The parts of a reference, `undefined` when it is none. */
export function parseReference(text: string): Reference | undefined {
  const end = text.search(/[[.]/);
  const node = end < 0 ? text : text.slice(0, end);
  if (node === "") return undefined;
  if (end < 0) return { node, conditions: undefined, output: undefined };
  let rest = end;
  let conditions: Array<Condition> | undefined;
  if (text[end] === "[") {
    const parsed = parseConditions(text, end + 1);
    if (parsed === undefined) return undefined;
    conditions = parsed.conditions;
    rest = parsed.end;
  }
  if (rest === text.length) return { node, conditions, output: undefined };
  const output = text.slice(rest + 1);
  return text[rest] !== "." || output === "" ? undefined : { node, conditions, output };
}

function parseConditions(text: string, start: number): { conditions: Array<Condition>; end: number } | undefined {
  const all = /\s*\*\s*\]/y;
  all.lastIndex = start;
  if (all.test(text)) return { conditions: [], end: all.lastIndex };
  const conditions: Array<Condition> = [];
  for (let at = start; ; ) {
    condition.lastIndex = at;
    const found = condition.exec(text);
    if (found === null) return undefined;
    const parts = [...(found[3] ?? "").matchAll(value)].map(([part]) => part);
    conditions.push({
      key: found[1] as string,
      negated: found[2] === "!=",
      values: parts.filter((part) => part !== "*").map(unquoted),
      any: parts.includes("*"),
    });
    at = condition.lastIndex;
    if (text[at] === "]") return { conditions, end: at + 1 };
    if (text[at] !== ",") return undefined;
    at++;
  }
}

const unquoted = (text: string): string => {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
};

/** Whether a combination of matrix values is meant. */
export function selects(conditions: ReadonlyArray<Condition>, matrix: MatrixValues): boolean {
  return conditions.every(({ key, negated, values, any }) => {
    const has = matrix.has(key) && (any || values.includes(String(matrix.get(key))));
    return negated ? !has : has;
  });
}

/** Splits `a.b[x=0.5].c` at the dots outside of brackets and quotes. */
export function splitPath(path: string): ReadonlyArray<string> {
  const steps = [""];
  let depth = 0;
  let quoted = false;
  for (const character of path) {
    if (character === '"') quoted = !quoted;
    if (!quoted && character === "[") depth++;
    if (!quoted && character === "]") depth--;
    if (character === "." && depth === 0 && !quoted) steps.push("");
    else steps[steps.length - 1] += character;
  }
  return steps;
}
