/** `--set vars.seed=1` (or `--set seed=1`), `--set nodes.NAME.config.key=value` and `--vars FILE`: values laid over the file before it is checked. */
import { type Entry, emptyMap, forbiddenKeys, type Located, type LocatedMap, type Place } from "./located.ts";
import { nearest, suggestion } from "./nearest.ts";
import { parseReference, type Reference, splitPath } from "./reference.ts";
import type { Report } from "./report.ts";
import { parseYaml } from "./yaml.ts";

/** One `--set`, parsed. Values are YAML, so `--set vars.sites=[1,2]` is a list. */
export interface Setting {
  readonly at: Place;
  readonly path: ReadonlyArray<string>;
  readonly value: Located;
}

/** A setting of a node's config: for all nodes of that name, or those its brackets select. */
export interface NodeSetting extends Setting {
  readonly target: Reference;
}

/** Parses every set; what cannot be one is `E_SET`. */
export function parseSets(
  sets: ReadonlyArray<string>,
  report: Report,
): { readonly vars: ReadonlyArray<Setting>; readonly nodes: ReadonlyArray<NodeSetting> } {
  const vars: Array<Setting> = [];
  const nodes: Array<NodeSetting> = [];
  for (const set of sets) {
    const at: Place = { file: `--set ${set}`, line: 1, column: 1 };
    const equals = assignment(set);
    const given = splitPath(set.slice(0, Math.max(0, equals)));
    const path = given.length === 1 && given[0] !== "vars" && given[0] !== "nodes" ? ["vars", ...given] : given;
    const target = path[0] === "nodes" ? parseReference(path[1] ?? "") : undefined;
    const isConfig = target !== undefined && path[2] === "config" && path.length >= 4;
    const isVar = path[0] === "vars" && path.length >= 2;
    const usable = path.every((step) => step.trim() !== "" && !forbiddenKeys.has(step)) && (isVar || isConfig);
    if (equals < 0 || !usable) {
      report.problem("E_SET", "not something that can be set", at, setRemedy(path));
      continue;
    }
    const text = set.slice(equals + 1);
    const parsed = parseYaml(text, at.file, { column: equals + 2 });
    for (const issue of parsed.issues) {
      report.add({ ...issue, remedy: "Values are YAML: put text with special characters in quotes." });
    }
    if (parsed.value === undefined) continue;
    const value: Located = parsed.value.type === "scalar" ? { ...parsed.value, raw: text } : parsed.value;
    if (isVar) vars.push({ at, path: path.slice(1), value });
    else if (target !== undefined) nodes.push({ at, path: path.slice(2), value, target });
  }
  return { vars, nodes };
}

/** The first `=` outside of brackets. */
function assignment(set: string): number {
  let depth = 0;
  for (let i = 0; i < set.length; i++) {
    if (set[i] === "[") depth++;
    if (set[i] === "]") depth--;
    if (set[i] === "=" && depth === 0) return i;
  }
  return -1;
}

function setRemedy([head = "", , third]: ReadonlyArray<string>): string {
  const near = nearest(head, ["vars", "nodes"]);
  if (near !== undefined && near !== head) return `Did you mean "${near}."?`;
  if (head === "nodes" && third !== undefined && third !== "config")
    return "Only the config of a node can be set: nodes.NAME.config.KEY=VALUE.";
  return "Use --set vars.NAME=VALUE or --set nodes.NAME.config.KEY=VALUE.";
}

/** The document with variables replaced; only declared ones can be. */
export function withVars(
  root: LocatedMap,
  file: LocatedMap | undefined,
  sets: ReadonlyArray<Setting>,
  report: Report,
): LocatedMap {
  const declared = root.entries.get("vars")?.value;
  const names = declared?.type === "map" ? [...declared.entries.keys()] : [];
  const fromFile = [...(file?.entries ?? [])].map(([name, { keyAt, value }]) => ({ at: keyAt, path: [name], value }));
  let document = root;
  for (const { at, path, value } of [...fromFile, ...sets]) {
    const [name = ""] = path;
    if (names.includes(name)) document = replaced(document, ["vars", ...path], value, at) as LocatedMap;
    else report.problem("E_VAR_UNKNOWN", `the pipeline has no vars.${name}`, at, suggestion(name, names, "variables"));
  }
  return document;
}

/** `target` with the value at `path` replaced or added; maps on the way are made where there are none. */
export function replaced(target: Located | undefined, path: ReadonlyArray<string>, value: Located, at: Place): Located {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const map: LocatedMap = target?.type === "map" ? target : emptyMap(at);
  const inner = replaced(map.entries.get(step)?.value, rest, value, at);
  const keyAt = rest.length === 0 ? at : (map.entries.get(step)?.keyAt ?? at);
  const entry: Entry = { keyAt, value: inner };
  return { ...map, entries: new Map([...map.entries, [step, entry]]) };
}
