/** All nodes by name while a pipeline is checked: what a reference can point at, matrix and fragments included. */
import type { AnyStage } from "../stage.ts";
import type { Located, LocatedMap, Place } from "./located.ts";
import { type Combination, type MatrixValues, matrixLabel } from "./matrix.ts";
import { suggestion } from "./nearest.ts";
import { parseReference, selects } from "./reference.ts";
import type { Report } from "./report.ts";
import type { Document } from "./tree.ts";

/** A node as it stands in a file. */
export interface Template {
  /** With its namespace. */
  readonly name: string;
  readonly at: Place;
  readonly document: Document;
  readonly stage: AnyStage | undefined;
  readonly isMatrix: boolean;
  /** One without a matrix; none when the matrix is wrong. */
  readonly instances: ReadonlyArray<Instance>;
}

/** A node of the pipeline: a template with the values of one combination. */
export interface Instance {
  readonly name: string;
  readonly combination: Combination | undefined;
  readonly matrix: MatrixValues | undefined;
  /** Interpolated. */
  readonly body: LocatedMap;
  readonly skip: string | undefined;
}

export type Templates = ReadonlyMap<string, Template>;

/** What a reference means: nodes of one template, and the output if it names one. */
export interface Target {
  readonly template: Template;
  readonly instances: ReadonlyArray<Instance>;
  readonly output: string | undefined;
  readonly at: Place;
}

/** So many problems come with a name that was perhaps meant: it is looked for among all nodes. */
const advised = 100;

/** The nodes a reference in `document` means; nothing after reporting when it means none. */
export function resolveReference(
  reference: Located,
  port: string,
  document: Document,
  templates: Templates,
  report: Report,
): ReadonlyArray<Target> {
  const { at } = reference;
  const text = reference.type === "scalar" && typeof reference.value === "string" ? reference.value : "";
  if (reference.type === "scalar" && reference.missing) return [];
  const parsed = parseReference(text);
  if (parsed === undefined) {
    const remedy = "For the results of a matrix: NODE[*] or NODE[name=value].";
    report.problem("E_TYPE", `input "${port}" must be NODE or NODE.OUTPUT`, at, remedy);
    return [];
  }
  const { node, conditions, output } = parsed;
  const passed = document.inputs.get(node);
  if (passed !== undefined && document.importer !== undefined) {
    const importer = document.importer;
    return passed
      .flatMap((outer) => resolveReference(outer, port, importer, templates, report))
      .map((target) => ({ ...target, output: output ?? target.output, at }));
  }
  const template = templates.get(document.namespace + node);
  if (template === undefined) {
    const remedy = report.count < advised ? suggestion(node, namesIn(document, templates), "nodes") : undefined;
    report.problem("E_EDGE_UNKNOWN", `there is no node "${node}"`, at, remedy);
    return [];
  }
  if (!template.isMatrix) {
    if (conditions !== undefined) {
      report.problem("E_MATRIX_SELECT", `node "${node}" has no matrix`, at, `Write ${node} without brackets.`);
      return [];
    }
    return [{ template, instances: template.instances, output, at }];
  }
  return matching(template, node, conditions, report, at).map((instances) => ({ template, instances, output, at }));
}

/** The instances the brackets select, as a list of none or one group. */
function matching(
  template: Template,
  node: string,
  conditions: Parameters<typeof selects>[0] | undefined,
  report: Report,
  at: Place,
): ReadonlyArray<ReadonlyArray<Instance>> {
  const { instances } = template;
  if (instances.length === 0) return [];
  const example = `${node}[*] or ${node}[${matrixLabel(instances[0]?.matrix ?? new Map())}]`;
  if (conditions === undefined) {
    const message = `node "${node}" has a matrix of ${instances.length}`;
    report.problem("E_MATRIX_SELECT", message, at, `Say which: "${example}".`);
    return [];
  }
  const names = [...(instances[0]?.matrix?.keys() ?? [])];
  const unknown = conditions.find(({ key }) => !names.includes(key));
  if (unknown !== undefined) {
    const message = `the matrix of "${node}" has no "${unknown.key}"`;
    report.problem("E_MATRIX_KEY", message, at, suggestion(unknown.key, names, "matrix values"));
    return [];
  }
  const selected = selectedFrom(instances, conditions);
  if (selected.length === 0) {
    const labels = instances.slice(0, 8).map(({ matrix }) => `[${matrixLabel(matrix ?? new Map())}]`);
    const more = instances.length > labels.length ? " …" : "";
    report.problem("E_MATRIX_NONE", `no "${node}" has these values`, at, `There are: ${labels.join(" ")}${more}`);
    return [];
  }
  return [selected];
}

type Conditions = Parameters<typeof selects>[0];

/** The instances of a matrix by one of its keys and the value of it, as it is written in a reference. */
const byValue = new WeakMap<ReadonlyArray<Instance>, Map<string, Map<string, Array<Instance>>>>();

/**
 * The instances that meet all conditions, in the order of the matrix. Nodes of one matrix that refer to those of another each ask
 * for one of thousands: those with a value are looked up, so that only they are compared.
 */
function selectedFrom(instances: ReadonlyArray<Instance>, conditions: Conditions): ReadonlyArray<Instance> {
  const narrow = conditions.filter(({ negated, any, values }) => !negated && !any && values.length === 1);
  const fewest = narrow.reduce<ReadonlyArray<Instance>>((least, { key, values: [value = ""] }) => {
    const found = indexOf(instances, key).get(value) ?? [];
    return found.length < least.length ? found : least;
  }, instances);
  return fewest.filter(({ matrix }) => matrix !== undefined && selects(conditions, matrix));
}

function indexOf(instances: ReadonlyArray<Instance>, key: string): ReadonlyMap<string, ReadonlyArray<Instance>> {
  const keys = byValue.get(instances) ?? new Map<string, Map<string, Array<Instance>>>();
  byValue.set(instances, keys);
  const known = keys.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, Array<Instance>>();
  for (const instance of instances) {
    if (!instance.matrix?.has(key)) continue;
    const value = String(instance.matrix.get(key));
    const same = made.get(value);
    if (same === undefined) made.set(value, [instance]);
    else same.push(instance);
  }
  keys.set(key, made);
  return made;
}

/** Names as a reference in `document` would write them. */
function namesIn(document: Document, templates: Templates): ReadonlyArray<string> {
  const own = [...templates.keys()].filter((name) => name.startsWith(document.namespace));
  return [...own.map((name) => name.slice(document.namespace.length)), ...document.inputs.keys()];
}
