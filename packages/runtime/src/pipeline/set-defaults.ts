/** `--set defaults.STAGE.KEY=VALUE`: for every node of that stage, in all files, that does not give the key itself. */
import type { Registry } from "../registry.ts";
import type { Template } from "./graph.ts";
import type { LocatedMap } from "./located.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";
import { replaced, rule, type Setting } from "./set.ts";
import type { Document } from "./tree.ts";
import { natural } from "./typed.ts";

/** The stage that a path begins with, and the key behind it: ids have dots themselves, the longest that fits is meant. */
function targetOf(
  path: ReadonlyArray<string>,
  registry: Registry,
): { stage: string; key: ReadonlyArray<string> } | undefined {
  for (let length = path.length - 1; length > 0; length--) {
    const stage = path.slice(0, length).join(".");
    if (registry.stages.has(stage)) return { stage, key: path.slice(length) };
  }
  return undefined;
}

/** The documents with these defaults laid over their own. */
export function applyDefaults(
  documents: ReadonlyArray<Document>,
  settings: ReadonlyArray<Setting>,
  registry: Registry,
  report: Report,
): ReadonlyArray<Document> {
  return settings.reduce((files, { at, path, value }) => {
    const target = targetOf(path, registry);
    if (target === undefined) {
      const id = path.slice(0, -1).join(".");
      const remedy = suggestion(id, registry.stages.keys(), "stages");
      const whole = path.join(".");
      if (registry.stages.has(whole)) report.problem("E_SET", `"defaults.${whole}" cannot be set whole`, at, rule);
      else if (!registry.incomplete) report.problem("E_STAGE_UNKNOWN", `there is no stage "${id}"`, at, remedy);
      return files;
    }
    const { stage, key } = target;
    return files.map((file) => ({
      ...file,
      defaults: replaced(file.defaults, [stage, ...key], value, at) as LocatedMap,
    }));
  }, documents);
}

/** `E_SET` for a default that no node takes: it would change nothing without a word. */
export function checkTaken(
  settings: ReadonlyArray<Setting>,
  templates: ReadonlyArray<Template>,
  registry: Registry,
  report: Report,
): void {
  for (const { at, path } of settings) {
    const target = targetOf(path, registry);
    if (target === undefined) continue;
    const { stage, key } = target;
    const nodes = templates.filter((template) => template.stage?.id === stage);
    if (nodes.some((template) => template.instances.some(({ body }) => !gives(body, key[0] as string)))) continue;
    const [first] = nodes;
    if (first === undefined)
      report.problem("E_SET", `no node is a ${stage}`, at, "precipice plan FILE lists the stages.");
    else {
      const remedy = `Set it there: nodes.${first.name}.config.${key.join(".")}=VALUE.`;
      report.problem("E_SET", `every ${stage} node gives ${key[0]} itself, so that no default counts`, at, remedy);
    }
  }
}

function gives(body: LocatedMap, key: string): boolean {
  const value = body.entries.get("config")?.value;
  const config = value && natural(value);
  return config?.type === "map" && config.entries.has(key);
}
