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
    const near = namesIn(document, templates);
    report.problem("E_EDGE_UNKNOWN", `there is no node "${node}"`, at, suggestion(node, near, "nodes"));
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
  const selected = instances.filter(({ matrix }) => matrix !== undefined && selects(conditions, matrix));
  if (selected.length === 0) {
    const labels = instances.slice(0, 8).map(({ matrix }) => `[${matrixLabel(matrix ?? new Map())}]`);
    const more = instances.length > labels.length ? " …" : "";
    report.problem("E_MATRIX_NONE", `no "${node}" has these values`, at, `There are: ${labels.join(" ")}${more}`);
    return [];
  }
  return [selected];
}

/** Names as a reference in `document` would write them. */
function namesIn(document: Document, templates: Templates): ReadonlyArray<string> {
  const own = [...templates.keys()].filter((name) => name.startsWith(document.namespace));
  return [...own.map((name) => name.slice(document.namespace.length)), ...document.inputs.keys()];
}
