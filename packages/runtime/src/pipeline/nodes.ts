/** From the `nodes` of all files to checked nodes: stages found, matrices multiplied, configs decoded, inputs wired. */
import type { Registry } from "../registry.ts";
import type { AnyStage } from "../stage.ts";
import { checkKeys, decodeConfig } from "./config.ts";
import { type PlacedInputs, wire } from "./edges.ts";
import type { Instance, Template, Templates } from "./graph.ts";
import { type Entry, emptyMap, isNull, type Located, type LocatedMap, scalarOf } from "./located.ts";
import { type Combination, combinations, matrixLabel } from "./matrix.ts";
import type { Node } from "./model.ts";
import { suggestion } from "./nearest.ts";
import { selects } from "./reference.ts";
import type { Report } from "./report.ts";
import { type NodeSetting, replaced, type Settings } from "./set.ts";
import { applyDefaults, checkTaken } from "./set-defaults.ts";
import { type Document, namePattern, nameRemedy } from "./tree.ts";
import { natural, naturally } from "./typed.ts";
import { wanted } from "./when.ts";

const nodeKeys = ["stage", "description", "inputs", "config", "matrix", "when"];

/** A node that is checked and wired, before it is ordered. */
export interface WiredNode extends Omit<Node, "inputs"> {
  readonly inputs: PlacedInputs;
}

export function checkNodes(
  files: ReadonlyArray<Document>,
  { nodes: settings, defaults }: Settings,
  registry: Registry,
  report: Report,
  onProgress: (done: number, total: number) => void = () => undefined,
): ReadonlyArray<WiredNode> {
  const documents = applyDefaults(files, defaults, registry, report);
  for (const document of documents) checkDefaults(document, registry, report);
  const templates: Templates = new Map(
    documents.flatMap((document) =>
      entriesOf(document, report).flatMap(([name, entry]) => {
        const template = templateOf(name, entry, document, settings, registry, report);
        return template === undefined ? [] : [[template.name, template] as const];
      }),
    ),
  );
  for (const { at, target } of settings) checkTarget(target, at, templates, report);
  checkTaken(defaults, [...templates.values()], registry, report);
  const all = [...templates.values()];
  const total = all.reduce((sum, { instances }) => sum + instances.length, 0);
  let done = 0;
  return all.flatMap((template) => {
    const { stage } = template;
    if (stage === undefined) return [];
    return template.instances.map((instance) => {
      onProgress(++done, total);
      return {
        name: instance.name,
        template: template.name,
        stage,
        dir: template.document.dir,
        ...(instance.matrix === undefined ? {} : { matrix: Object.fromEntries(instance.matrix) }),
        ...(instance.skip === undefined ? {} : { skip: instance.skip }),
        ...configOf(template, stage, instance, report),
        inputs: wire(template, instance, templates, report),
      };
    });
  });
}

function entriesOf({ root, namespace }: Document, report: Report): ReadonlyArray<readonly [string, Entry]> {
  const nodes = root.entries.get("nodes")?.value;
  const imports = root.entries.has("import");
  const none = nodes === undefined || isNull(nodes) || (nodes.type === "map" && nodes.entries.size === 0);
  if (none && imports) return [];
  if (none || nodes.type !== "map") {
    const what = namespace === "" ? "a pipeline" : "a fragment";
    const remedy = "Write nodes: { NAME: { stage: STAGE } }.";
    report.problem("E_NODES", `${what} needs nodes: a map of name: { stage: … }`, nodes?.at ?? root.at, remedy);
    return [];
  }
  return [...nodes.entries];
}

function templateOf(
  key: string,
  entry: Entry,
  document: Document,
  settings: ReadonlyArray<NodeSetting>,
  registry: Registry,
  report: Report,
): Template | undefined {
  const at = entry.keyAt;
  if (!namePattern.test(key)) report.problem("E_NAME", `"${key}" cannot name a node`, at, nameRemedy);
  const name = document.namespace + key;
  if (document.inputs.has(key)) {
    report.problem("E_NAME", `"${key}" is an input of this fragment already`, at, "Give the node another name.");
  }
  if (entry.value.type !== "map") {
    const remedy = `Write ${key}: { stage: STAGE }.`;
    report.problem("E_TYPE", `node "${key}" must be a map with a stage`, entry.value.at, remedy);
    return undefined;
  }
  const body = entry.value;
  report.unknownKeys(body, nodeKeys, `node "${key}"`);
  const matrix = body.entries.get("matrix")?.value;
  const rows = matrix === undefined ? [undefined] : combinations(document.vars.apply(matrix), report);
  const own = settings.filter(({ target }) => target.node === name);
  const instances = rows.map((values) => instanceOf(name, body, values, document, own, report));
  const stage = stageOf(key, instances[0]?.body ?? body, entry, registry, report);
  return { name, at, document, stage, isMatrix: matrix !== undefined, instances };
}

function instanceOf(
  name: string,
  written: LocatedMap,
  combination: Combination | undefined,
  { vars }: Document,
  settings: ReadonlyArray<NodeSetting>,
  report: Report,
): Instance {
  const matrix = combination?.values;
  const when = written.entries.get("when")?.value;
  const plain = new Map([...written.entries].filter(([key]) => key !== "when" && key !== "matrix"));
  let set: Located = { ...written, entries: plain };
  for (const { target, path, value, at } of settings) {
    const mine = target.conditions === undefined || (matrix !== undefined && selects(target.conditions, matrix));
    if (mine) set = replaced(set, path, value, at);
  }
  const included = when === undefined || wanted(when, vars, combination, report);
  const body = vars.apply(set, combination) as LocatedMap;
  const inputs = body.entries.get("inputs");
  return {
    name: matrix === undefined ? name : `${name}[${matrixLabel(matrix)}]`,
    combination,
    matrix,
    body:
      inputs === undefined
        ? body
        : { ...body, entries: new Map([...body.entries, ["inputs", { ...inputs, value: naturally(inputs.value) }]]) },
    skip: included ? undefined : `when: ${String(scalarOf(written.entries.get("when")))}`,
  };
}

function stageOf(
  key: string,
  body: LocatedMap,
  entry: Entry,
  registry: Registry,
  report: Report,
): AnyStage | undefined {
  const id = scalarOf(body.entries.get("stage"));
  const at = body.entries.get("stage")?.value.at ?? entry.keyAt;
  if (typeof id !== "string") {
    report.problem("E_STAGE_MISSING", `node "${key}" has no stage`, at, "precipice stages lists them.");
    return undefined;
  }
  const stage = registry.stages.get(id);
  if (stage === undefined && !registry.incomplete) {
    report.problem(
      "E_STAGE_UNKNOWN",
      `there is no stage "${id}"`,
      at,
      suggestion(id, registry.stages.keys(), "stages"),
    );
  }
  return stage;
}

/** The decoded config: what the node says, and from the file's `defaults` what it does not. */
function configOf(
  template: Template,
  stage: AnyStage,
  instance: Instance,
  report: Report,
): Pick<Node, "config" | "configAt" | "lost"> {
  const { vars, defaults, dir } = template.document;
  const value = instance.body.entries.get("config")?.value;
  const given = value && natural(value);
  const own = given === undefined || isNull(given) ? emptyMap(given?.at ?? template.at) : given;
  const fallback = defaults.entries.get(stage.id)?.value;
  const applied = fallback?.type === "map" ? (vars.apply(fallback, instance.combination) as LocatedMap) : undefined;
  const config: Located =
    applied === undefined || own.type !== "map"
      ? own
      : { ...own, entries: new Map([...applied.entries, ...own.entries]) };
  return { ...decodeConfig(stage, config, dir, report), configAt: given?.at ?? template.at };
}

/** Defaults of stages and keys that do not exist are found even when no node uses them. */
function checkDefaults({ defaults }: Document, registry: Registry, report: Report): void {
  for (const [id, { keyAt, value }] of defaults.entries) {
    const stage = registry.stages.get(id);
    if (stage === undefined && registry.incomplete) continue;
    if (stage === undefined) {
      const remedy = suggestion(id, registry.stages.keys(), "stages");
      report.problem("E_STAGE_UNKNOWN", `there is no stage "${id}"`, keyAt, remedy);
    } else if (value.type === "map") checkKeys(stage, value, report);
    else
      report.problem(
        "E_TYPE",
        `defaults of ${id} must be a map of its config keys`,
        value.at,
        `Write ${id}: { KEY: VALUE }.`,
      );
  }
}

function checkTarget(target: NodeSetting["target"], at: NodeSetting["at"], templates: Templates, report: Report): void {
  const template = templates.get(target.node);
  if (template === undefined) {
    const remedy = suggestion(target.node, templates.keys(), "nodes");
    report.problem("E_NODE_UNKNOWN", `the pipeline has no nodes.${target.node}`, at, remedy);
    return;
  }
  const conditions = target.conditions;
  if (conditions === undefined) return;
  if (template.instances.some(({ matrix }) => matrix !== undefined && selects(conditions, matrix))) return;
  const labels = template.instances.slice(0, 8).map(({ name }) => name);
  report.problem("E_MATRIX_NONE", `no "${target.node}" has these values`, at, `There are: ${labels.join(" ")}`);
}
