/**
 * `--set vars.seed=1` (or `--set seed=1`), `--set nodes.NAME.config.key=value`, `--set defaults.STAGE.key=value` and `--vars FILE`:
 * values laid over the file before it is checked.
 */
import { type Entry, emptyMap, forbiddenKeys, type Located, type LocatedMap, type Place } from "./located.ts";
import { nearest, suggestion } from "./nearest.ts";
import { parseReference, type Reference, splitPath } from "./reference.ts";
import type { Report } from "./report.ts";
import { natural, typedValue } from "./typed.ts";
import { maxDepth } from "./yaml.ts";

/** One `--set`, parsed. What its value is depends on what is wanted: see `typed.ts`. */
export interface Setting {
  readonly at: Place;
  readonly path: ReadonlyArray<string>;
  readonly value: Located;
}

/** A setting of a node's config: for all nodes of that name, or those its brackets select. */
export interface NodeSetting extends Setting {
  readonly target: Reference;
}

export interface Settings {
  readonly vars: ReadonlyArray<Setting>;
  readonly nodes: ReadonlyArray<NodeSetting>;
  /** The path begins with the parts of a stage's id. */
  readonly defaults: ReadonlyArray<Setting>;
}

export const noSettings: Settings = { vars: [], nodes: [], defaults: [] };

const heads = ["vars", "nodes", "defaults"];
export const rule =
  "What can be set: vars.NAME=VALUE (or NAME=VALUE), nodes.NODE.config.KEY=VALUE and defaults.STAGE.KEY=VALUE.";

/** Parses every set; what cannot be one is `E_SET`. Relative paths in values start at the folder `from`. */
export function parseSets(sets: ReadonlyArray<string>, from: string, report: Report): Settings {
  const vars: Array<Setting> = [];
  const nodes: Array<NodeSetting> = [];
  const defaults: Array<Setting> = [];
  for (const set of sets) {
    const at: Place = { file: `--set ${set}`, line: 1, column: 1 };
    const equals = assignment(set);
    const given = splitPath(set.slice(0, Math.max(0, equals)));
    const path = given.length === 1 && !heads.includes(given[0] as string) ? ["vars", ...given] : given;
    const target = path[0] === "nodes" ? parseReference(path[1] ?? "") : undefined;
    const isConfig = target !== undefined && path[2] === "config" && path.length >= 4;
    const isVar = path[0] === "vars" && path.length >= 2;
    const isDefault = path[0] === "defaults" && path.length >= 3;
    const usable = path.length <= maxDepth && path.every((step) => step.trim() !== "" && !forbiddenKeys.has(step));
    if (equals < 0 || !usable || !(isVar || isConfig || isDefault)) {
      const message = equals < 0 ? `"${set}" has no =VALUE` : `"${set.slice(0, Math.min(equals, 200))}" cannot be set`;
      report.problem("E_SET", message, at, setRemedy(path));
      continue;
    }
    const value = typedValue(set.slice(equals + 1), { ...at, column: equals + 2 }, from);
    if (isVar) vars.push({ at, path: path.slice(1), value });
    else if (isDefault) defaults.push({ at, path: path.slice(1), value });
    else if (target !== undefined) nodes.push({ at, path: path.slice(2), value, target });
  }
  return { vars, nodes, defaults };
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
  const near = nearest(head, heads);
  if (near !== undefined && near !== head) return `Did you mean "${near}."?`;
  if (head === "nodes" && third !== undefined && third !== "config")
    return "Only the config of a node can be set: nodes.NAME.config.KEY=VALUE.";
  return rule;
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
    if (!names.includes(name)) {
      const remedy = suggestion(name, names, "variables");
      report.problem("E_VAR_UNKNOWN", `the pipeline has no vars.${name}`, at, remedy);
    } else document = replaced(document, ["vars", ...path], replacing(declared, path, value), at) as LocatedMap;
  }
  return document;
}

/** A value that knows whether what the file says in its place is text. */
function replacing(declared: Located | undefined, path: ReadonlyArray<string>, value: Located): Located {
  if (value.type !== "scalar" || value.typed === undefined) return value;
  const old = path.reduce<Located | undefined>(
    (found, step) => (found?.type === "map" ? found.entries.get(step)?.value : undefined),
    declared,
  );
  const replacesText = old?.type === "scalar" && typeof old.value === "string" && !/^\$\{[^}]*\}$/.test(old.value);
  return { ...value, typed: { ...value.typed, replacesText } };
}

/** `target` with the value at `path` replaced or added; maps on the way are made where there are none. */
export function replaced(target: Located | undefined, path: ReadonlyArray<string>, value: Located, at: Place): Located {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const found = target && natural(target);
  const map: LocatedMap = found?.type === "map" ? found : emptyMap(at);
  const inner = replaced(map.entries.get(step)?.value, rest, value, at);
  const keyAt = rest.length === 0 ? at : (map.entries.get(step)?.keyAt ?? at);
  const entry: Entry = { keyAt, value: inner };
  return { ...map, entries: new Map([...map.entries, [step, entry]]) };
}
