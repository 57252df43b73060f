/** `--set vars.seed=1` and `--set nodes.NAME.config.key=value`: values laid over the file before it is checked. */
import type { PipelineIssue } from "../errors.ts";
import { type Entry, forbiddenKeys, type Located, type LocatedMap, type Place, parseYaml } from "./located.ts";
import { suggestion } from "./nearest.ts";

/** The document with every set applied. Values are YAML, so `--set vars.sites=[1,2]` is a list. */
export function applySets(
  root: LocatedMap,
  sets: ReadonlyArray<string>,
  report: (issue: PipelineIssue) => void,
): LocatedMap {
  return sets.reduce((document, set) => applySet(document, set, report), root);
}

function applySet(root: LocatedMap, set: string, report: (issue: PipelineIssue) => void): LocatedMap {
  const at: Place = { file: `--set ${set}`, line: 1, column: 1 };
  const equals = set.indexOf("=");
  const path = set.slice(0, Math.max(0, equals)).split(".");
  const usable =
    path.every((step) => step.trim() !== "" && !forbiddenKeys.has(step)) && (isVar(path) || isConfig(path));
  if (equals < 0 || !usable) {
    const remedy = "Use --set vars.NAME=VALUE or --set nodes.NAME.config.KEY=VALUE.";
    report({ code: "E_SET", message: "not something that can be set", ...at, remedy });
    return root;
  }
  const parsed = parseYaml(set.slice(equals + 1), at.file, { column: equals + 2 });
  for (const issue of parsed.issues)
    report({ ...issue, remedy: "Values are YAML: put text with special characters in quotes." });
  if (parsed.value === undefined) return root;
  const known = root.entries.get(path[0] as string)?.value;
  const names = known?.type === "map" ? known.entries : new Map<string, Entry>();
  const name = path[1] as string;
  if (!names.has(name)) {
    const [code, what] = path[0] === "vars" ? ["E_VAR_UNKNOWN", "variables"] : ["E_NODE_UNKNOWN", "nodes"];
    report({
      code,
      message: `the pipeline has no ${path[0]}.${name}`,
      ...at,
      remedy: suggestion(name, names.keys(), what),
    });
    return root;
  }
  return replaced(root, path, parsed.value, at) as LocatedMap;
}

const isVar = (path: ReadonlyArray<string>): boolean => path[0] === "vars" && path.length >= 2;
const isConfig = (path: ReadonlyArray<string>): boolean =>
  path[0] === "nodes" && path[2] === "config" && path.length >= 4;

function replaced(target: Located | undefined, path: ReadonlyArray<string>, value: Located, at: Place): Located {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const map: LocatedMap = target?.type === "map" ? target : { type: "map", at, entries: new Map() };
  const inner = replaced(map.entries.get(step)?.value, rest, value, at);
  const keyAt = rest.length === 0 ? at : (map.entries.get(step)?.keyAt ?? at);
  return { ...map, entries: new Map([...map.entries, [step, { keyAt, value: inner }]]) };
}
