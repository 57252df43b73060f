/**
 * YAML 1.2 text to located values. Anchors, aliases and merge keys work; what YAML leaves to surprise (multiplying aliases,
 * bottomless nesting, numbers that lose digits, tags, two documents) is an error with its own code.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import type { PipelineIssue } from "../errors.ts";
import { type Entry, forbiddenKeys, type Located, type LocatedScalar, type Place } from "./located.ts";

export interface Parsed {
  readonly value: Located | undefined;
  readonly issues: ReadonlyArray<PipelineIssue>;
}

/** No pipeline is larger; parsing more than this takes seconds. */
export const maxBytes = 2 * 1024 * 1024;
/** More values than this only come out of aliases that multiply each other. */
const maxValues = 200_000;
export const maxDepth = 100;

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
  const refused = (code: string, message: string, remedy: string): Parsed => ({
    value: undefined,
    issues: [{ code, message, file, line: 1, column: origin.column, remedy }],
  });
  if (text.length > maxBytes) {
    return refused("E_YAML_SIZE", `longer than ${maxBytes} bytes`, "Split the pipeline with import, or use a matrix.");
  }

  const anchors = new Map<string, Node>();
  let values = 0;
  let tooDeep = false;

  const convert = (node: Node | null | undefined, fallback: number, open: ReadonlyArray<Node>): Located => {
    const offset = node?.range?.[0] ?? fallback;
    const at = place(offset);
    const empty: LocatedScalar = { type: "scalar", at, value: null };
    values++;
    if (values > maxValues) {
      if (values === maxValues + 1) {
        const remedy = "Repeat less: aliases of aliases multiply.";
        problem("E_YAML_ALIAS", `aliases expand to more than ${maxValues} values`, offset, remedy);
      }
      return empty;
    }
    if (open.length > maxDepth) {
      if (!tooDeep) problem("E_YAML_DEPTH", `nested deeper than ${maxDepth} levels`, offset, flatter);
      tooDeep = true;
      return empty;
    }
    if (node === null || node === undefined) return empty;
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined || open.includes(target)) {
        const remedy = target ? undefined : `Name a value &${node.source} further up in this file.`;
        problem("E_YAML_ALIAS", `alias *${node.source} points at ${target ? "itself" : "nothing"}`, offset, remedy);
        return empty;
      }
      return convert(target, offset, open);
    }
    const { tag, anchor } = node as { readonly tag?: string; readonly anchor?: string };
    if (tag !== undefined) {
      problem("E_YAML_TAG", `the tag ${tag.replace("tag:yaml.org,2002:", "!!")} stands here`, offset, withoutTag);
      return empty;
    }
    if (anchor !== undefined) anchors.set(anchor, node);
    if (isScalar(node)) return scalar(node, at, offset);
    const inner = [...open, node];
    if (isSeq(node)) return { type: "list", at, items: node.items.map((item) => convert(item as Node, offset, inner)) };
    return isMap(node) ? { type: "map", at, entries: entriesOf(node, offset, inner) } : empty;
  };

  /** A number that JavaScript cannot hold would be another one without a word. */
  const scalar = (node: Node & { value?: unknown; type?: string; source?: string }, at: Place, offset: number) => {
    const { value } = node;
    if (
      typeof value === "number" &&
      Number.isInteger(value) &&
      !Number.isSafeInteger(value) &&
      !/[e.]/i.test(node.source ?? "")
    ) {
      problem(
        "E_YAML_NUMBER",
        `${node.source} has more digits than a number can hold`,
        offset,
        "Put it in quotes, or use a smaller one.",
      );
      return { type: "scalar", at, value: null, missing: true } satisfies LocatedScalar;
    }
    const style = node.type === "PLAIN" ? "plain" : node.type?.startsWith("QUOTE") ? "quoted" : "block";
    const read = scalarValue(value);
    const written = typeof read === "string" ? {} : { written: node.source ?? "" };
    return { type: "scalar", at, value: read, style, ...written } satisfies LocatedScalar;
  };

  const entriesOf = (node: YAMLMap, offset: number, open: ReadonlyArray<Node>): ReadonlyMap<string, Entry> => {
    const entries = new Map<string, Entry>();
    const merges: Array<Pair> = [];
    for (const pair of node.items) {
      const key = pair.key as Node;
      const keyOffset = key?.range?.[0] ?? offset;
      if (!isScalar(key) || key.value === null || typeof key.value === "object") {
        problem(
          "E_YAML_KEY",
          "a key must be plain text",
          keyOffset,
          "References and templates that start with { or [ need quotes.",
        );
        continue;
      }
      if (key.tag !== undefined) {
        problem("E_YAML_TAG", "a key has a tag", keyOffset, "Write the key without !.");
        continue;
      }
      const name = String(key.value);
      if (name === "<<" && key.type === "PLAIN") {
        merges.push(pair);
        continue;
      }
      if (forbiddenKeys.has(name)) {
        problem("E_KEY_FORBIDDEN", `"${name}" is not allowed as a key`, keyOffset, "Choose another name.");
        continue;
      }
      if (entries.has(name)) {
        problem(
          "E_YAML_DUPLICATE",
          `the key "${name}" is there already`,
          keyOffset,
          "Remove or rename one of the two.",
        );
        continue;
      }
      entries.set(name, {
        keyAt: place(keyOffset),
        value: convert(pair.value as Node | null, key.range?.[1] ?? keyOffset, open),
      });
    }
    for (const { key, value } of merges) merge(entries, value as Node | null, (key as Node).range?.[0] ?? offset, open);
    return entries;
  };

  /** `<<: *map` or `<<: [*first, *second]`: keys that are not there yet, the first map that has one wins. */
  const merge = (entries: Map<string, Entry>, value: Node | null, offset: number, open: ReadonlyArray<Node>): void => {
    const source = convert(value, offset, open);
    for (const map of source.type === "list" ? source.items : [source]) {
      if (map.type !== "map") {
        problem("E_YAML_MERGE", "only maps can be merged with <<", offset, "Write <<: *NAME, where &NAME marks a map.");
        continue;
      }
      for (const [name, entry] of map.entries) if (!entries.has(name)) entries.set(name, entry);
    }
  };

  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: "core",
      merge: false,
      uniqueKeys: false,
    });
  } catch (cause) {
    if (cause instanceof RangeError) return refused("E_YAML_DEPTH", `nested deeper than ${maxDepth} levels`, flatter);
    return refused("E_YAML", `unreadable: ${String(cause)}`, "Check the file with another YAML reader.");
  }
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== "1.2") {
    return refused(
      "E_YAML_VERSION",
      `YAML ${document.directives.yaml.version} is not read here`,
      "Remove the %YAML line: files are YAML 1.2.",
    );
  }
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0");
    problem(
      "E_YAML",
      `control character U+${code.toUpperCase()}`,
      control.index,
      "Remove it, or write it as an escape in double quotes.",
    );
  }
  for (const error of [...document.errors, ...document.warnings]) {
    if (error.code === "RESOURCE_EXHAUSTION")
      return refused("E_YAML_DEPTH", `nested deeper than ${maxDepth} levels`, flatter);
    const [code, remedy] = explained(error.code, error.message);
    const message =
      error.code === "MULTIPLE_DOCS" ? "a second document begins here" : error.message.replace(/\s+/g, " ");
    problem(code, message, error.pos[0], remedy);
  }
  if (issues.length > 0) return { value: undefined, issues };
  const value = convert(document.contents, 0, []);
  return { value: values > maxValues || tooDeep ? undefined : value, issues };
}

const withoutTag = "Write the value without !.";
const flatter = "No pipeline needs that: look for a bracket too many.";

/** Our code and remedy for an error of the YAML parser. */
function explained(code: string, message: string): readonly [code: string, remedy: string | undefined] {
  switch (code) {
    case "TAB_AS_INDENT":
      return ["E_YAML_TAB", "Indent with spaces."];
    case "MULTIPLE_DOCS":
      return ["E_YAML", "A file holds one pipeline: remove the --- line, or split the file."];
    case "TAG_RESOLVE_FAILED":
      return ["E_YAML_TAG", withoutTag];
    case "UNEXPECTED_TOKEN":
      if (/flow-(seq|map)-start/.test(message)) {
        return ["E_YAML", 'Inside { } and [ ], put "node[…]" and "${…}" in quotes.'];
      }
      return ["E_YAML", undefined];
    case "MISSING_CHAR":
      return ["E_YAML", "Close the quote or the bracket."];
    case "BAD_INDENT":
      return ["E_YAML", "Keys of one map start in one column; close every { and [."];
    case "BLOCK_AS_IMPLICIT_KEY":
      return ["E_YAML", "Put text that holds a colon in quotes, and start nested maps on a new line."];
    case "BAD_SCALAR_START":
      return ["E_YAML", "Put the text in quotes."];
    default:
      return ["E_YAML", undefined];
  }
}

function scalarValue(value: unknown): LocatedScalar["value"] {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return String(value);
}
