/** Wires inputs: `node` or `node.output`, checked against the kind the port takes. */
import type { AnyKind } from "../artifact/kind.ts";
import { type AnyStage, type Inputs, type Outputs, type Port, portOf } from "../stage.ts";
import type { Located, Place } from "./located.ts";
import type { Edge } from "./model.ts";
import { suggestion } from "./nearest.ts";
import type { Report } from "./report.ts";

/** A wired edge and where it stands, for the cycle message. */
export interface PlacedEdge extends Edge {
  readonly at: Place;
}

/** The stage of every node whose stage is known. */
export type StageOfNode = ReadonlyMap<string, AnyStage>;

/** Resolves the `inputs` of one node; problems are reported and leave the edge out. */
export function wire(
  node: { readonly name: string; readonly at: Place; readonly stage: AnyStage; readonly inputs: Located | undefined },
  nodes: { readonly names: ReadonlySet<string>; readonly stages: StageOfNode },
  report: Report,
): { readonly [port: string]: ReadonlyArray<PlacedEdge> } {
  const ports: Inputs = node.stage.inputs;
  const wired = node.inputs?.type === "map" ? node.inputs : undefined;
  if (node.inputs !== undefined && wired === undefined) {
    report.problem("E_TYPE", `inputs of "${node.name}" must be a map of port: node`, node.inputs.at);
  }
  if (wired) report.unknownKeys(wired, Object.keys(ports), `inputs of ${node.stage.id}`);
  const edges: { [port: string]: ReadonlyArray<PlacedEdge> } = {};
  for (const [name, spec] of Object.entries(ports)) {
    const port = portOf(spec);
    const value = wired?.entries.get(name)?.value;
    if (value === undefined) {
      if (port.arity === "one") {
        const message = `"${node.name}" needs an input "${name}" (${port.kind.name})`;
        report.problem("E_INPUT_MISSING", message, wired?.at ?? node.at, `Add inputs: { ${name}: NODE }.`);
      }
      continue;
    }
    const references = value.type === "list" && port.arity === "many" ? value.items : [value];
    edges[name] = references.flatMap((reference) => resolve(reference, name, port, nodes, report) ?? []);
  }
  return edges;
}

function resolve(
  reference: Located,
  name: string,
  port: Port,
  nodes: { readonly names: ReadonlySet<string>; readonly stages: StageOfNode },
  report: Report,
): PlacedEdge | undefined {
  const { at } = reference;
  if (reference.type !== "scalar" || typeof reference.value !== "string" || reference.value === "") {
    const remedy =
      port.arity === "many" ? "Lists of these are fine here." : "This port takes one artifact, not a list.";
    report.problem("E_TYPE", `input "${name}" must be NODE or NODE.OUTPUT`, at, remedy);
    return undefined;
  }
  const [node = "", ...rest] = reference.value.split(".");
  const output = rest.length === 0 ? undefined : rest.join(".");
  if (!nodes.names.has(node)) {
    report.problem("E_EDGE_UNKNOWN", `there is no node "${node}"`, at, suggestion(node, nodes.names, "nodes"));
    return undefined;
  }
  const stage = nodes.stages.get(node);
  if (stage === undefined) return undefined;
  const outputs: Outputs = stage.outputs;
  if (output === undefined) {
    const chosen = soleOutput(node, outputs, port.kind, name, at, report);
    return chosen === undefined ? undefined : { node, output: chosen, at };
  }
  const kind = Object.hasOwn(outputs, output) ? outputs[output] : undefined;
  if (kind === undefined) {
    const message = `node "${node}" (${stage.id}) has no output "${output}"`;
    report.problem("E_EDGE_UNKNOWN", message, at, suggestion(output, Object.keys(outputs), "outputs"));
    return undefined;
  }
  if (kind.name !== port.kind.name) {
    report.problem("E_EDGE_KIND", `input "${name}" takes ${port.kind.name}, but ${node}.${output} is ${kind.name}`, at);
    return undefined;
  }
  return { node, output, at };
}

/** The output meant by a bare node name: its only one of the fitting kind. */
function soleOutput(
  node: string,
  outputs: Outputs,
  kind: AnyKind,
  port: string,
  at: Place,
  report: Report,
): string | undefined {
  const fitting = Object.keys(outputs).filter((output) => outputs[output]?.name === kind.name);
  if (fitting.length === 1) return fitting[0];
  const offers = Object.entries(outputs).map(([output, { name }]) => `${node}.${output} (${name})`);
  const message =
    fitting.length === 0
      ? `input "${port}" takes ${kind.name}, but node "${node}" makes ${offers.join(", ") || "nothing"}`
      : `node "${node}" has ${fitting.length} outputs of kind ${kind.name}`;
  const remedy =
    fitting.length === 0 ? undefined : `Say which: ${fitting.map((output) => `${node}.${output}`).join(" or ")}.`;
  report.problem("E_EDGE_KIND", message, at, remedy);
  return undefined;
}
