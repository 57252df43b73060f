/** YAML values that know where they stand in the file, so that every later check can point at its line and column. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { PipelineIssue } from "../errors.ts";

/** A place in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface LocatedScalar {
  readonly type: "scalar";
  readonly at: Place;
  readonly value: string | number | boolean | null;
}
export interface LocatedList {
  readonly type: "list";
  readonly at: Place;
  readonly items: ReadonlyArray<Located>;
}
export interface LocatedMap {
  readonly type: "map";
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}
export interface Entry {
  readonly keyAt: Place;
  readonly value: Located;
}
export type Located = LocatedScalar | LocatedList | LocatedMap;

export interface Parsed {
  readonly value: Located | undefined;
  readonly issues: ReadonlyArray<PipelineIssue>;
}

/** More values than this only come out of aliases that multiply each other. */
const maxValues = 50_000;

/** Keys that would reach into JavaScript's own objects. */
export const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Parses one YAML document; `origin` shifts places, for values that stand in the middle of a line. */
export function parseYaml(text: string, file: string, origin: { readonly column: number } = { column: 1 }): Parsed {
  const lines = new LineCounter();
  const issues: Array<PipelineIssue> = [];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) + (line <= 1 ? origin.column - 1 : 0) };
  };
  const problem = (code: string, message: string, offset: number, remedy?: string): void => {
    issues.push({ code, message, ...place(offset), ...(remedy === undefined ? {} : { remedy }) });
  };
  let values = 0;

  const convert = (node: Node | null | undefined, fallback: number, open: ReadonlyArray<Node>): Located => {
    const offset = node?.range?.[0] ?? fallback;
    const at = place(offset);
    const empty: LocatedScalar = { type: "scalar", at, value: null };
    values++;
    if (values > maxValues) {
      if (values === maxValues + 1) problem("E_YAML_ALIAS", `aliases expand to more than ${maxValues} values`, offset);
      return empty;
    }
    if (node === null || node === undefined) return empty;
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined || open.includes(target)) {
        problem("E_YAML_ALIAS", `alias *${node.source} points at ${target ? "itself" : "nothing"}`, offset);
        return empty;
      }
      return convert(target, offset, [...open, target]);
    }
    if (isScalar(node)) return { type: "scalar", at, value: scalarValue(node.value) };
    if (isSeq(node)) {
      return { type: "list", at, items: node.items.map((item) => convert(item as Node, offset, [...open, node])) };
    }
    if (isMap(node)) {
      const entries = new Map<string, Entry>();
      for (const pair of node.items) {
        const key = pair.key as Node;
        const keyOffset = key?.range?.[0] ?? offset;
        if (!isScalar(key) || key.value === null || typeof key.value === "object") {
          problem("E_YAML", "a key must be plain text", keyOffset);
          continue;
        }
        const name = String(key.value);
        if (forbiddenKeys.has(name)) {
          problem("E_KEY_FORBIDDEN", `"${name}" is not allowed as a key`, keyOffset);
          continue;
        }
        entries.set(name, {
          keyAt: place(keyOffset),
          value: convert(pair.value as Node | null, key.range?.[1] ?? keyOffset, [...open, node]),
        });
      }
      return { type: "map", at, entries };
    }
    return empty;
  };

  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core", merge: false });
  } catch (cause) {
    const message = cause instanceof RangeError ? "nested too deeply" : `unreadable: ${String(cause)}`;
    return { value: undefined, issues: [{ code: "E_YAML", message, file, line: 1, column: origin.column }] };
  }
  for (const error of [...document.errors, ...document.warnings]) {
    problem("E_YAML", error.message.replace(/\s+/g, " "), error.pos[0]);
  }
  if (issues.length > 0) return { value: undefined, issues };
  const value = convert(document.contents, 0, []);
  return { value: values > maxValues ? undefined : value, issues };
}

/** The plain value. */
export function toPlain(located: Located): unknown {
  switch (located.type) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(toPlain);
    case "map":
      return Object.fromEntries([...located.entries].map(([key, { value }]) => [key, toPlain(value)]));
  }
}

function scalarValue(value: unknown): LocatedScalar["value"] {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return String(value);
}
