/**
 * What the nodes of a plan are expected to make and need, producers first: a stage's `estimate` sees the forecasts of its
 * inputs. For what is stored already the manifest knows rows and bytes.
 */
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import type { Manifest } from "../artifact/manifest.ts";
import { open as openReader } from "../artifact/reader.ts";
import { PipelineError, type PipelineIssue } from "../errors.ts";
import type { Node } from "../pipeline/model.ts";
import { type Estimate, type Forecast, type Inputs, type Outputs, portOf, type StageContext } from "../stage.ts";
import type { Store } from "../store/store.ts";
import type { PlannedNode } from "./plan.ts";

type Manifests = { readonly [output: string]: Manifest };

/**
 * `nodes` with their estimates. An estimate that fails for a node that would run is an issue at its config (`E_ESTIMATE`
 * when it has no code of its own): the failure would come anyway, after the work before it.
 */
export const withEstimates = Effect.fnUntraced(function* (
  nodes: ReadonlyArray<PlannedNode>,
  manifests: ReadonlyMap<string, Manifests>,
  store: Store,
  contextOf: (node: Node) => StageContext,
) {
  const forecasts = new Map<string, { readonly [output: string]: Forecast }>();
  const issues: Array<PipelineIssue> = [];
  const estimated: Array<PlannedNode> = [];
  for (const planned of nodes) {
    const { node, status } = planned;
    if (status === "skipped" || status === "blocked") {
      estimated.push(planned);
      continue;
    }
    const said = yield* (
      node.stage.estimate?.(node.config, inputsOf(node, forecasts), contextOf(node)) ?? Effect.undefined
    ).pipe(
      Effect.catch((error) => {
        if (status === "run") issues.push(issueOf(node, error));
        return Effect.undefined;
      }),
    );
    const outputs = Object.entries(node.stage.outputs as Outputs);
    if (status === "run") {
      const known = said ?? {};
      forecasts.set(node.name, Object.fromEntries(outputs.map(([output]) => [output, known])));
      estimated.push({ ...planned, estimate: said });
      continue;
    }
    const stored = storedForecasts(planned, said, manifests.get(node.name) ?? {}, store);
    forecasts.set(node.name, stored);
    const [first] = outputs;
    const rows = first === undefined ? undefined : stored[first[0]]?.rows;
    const bytes = outputs.reduce((sum, [output]) => sum + (stored[output]?.bytes ?? 0), 0);
    estimated.push({ ...planned, estimate: { ...(rows === undefined ? {} : { rows }), bytes } });
  }
  if (issues.length > 0) return yield* new PipelineError({ issues });
  return estimated;
});

function inputsOf(node: Node, forecasts: ReadonlyMap<string, { readonly [output: string]: Forecast }>): never {
  const ports = Object.entries(node.stage.inputs as Inputs).map(([name, spec]) => {
    const found = (node.inputs[name] ?? []).map((edge): Forecast => forecasts.get(edge.node)?.[edge.output] ?? {});
    return [name, portOf(spec).arity === "many" ? found : found[0]] as const;
  });
  return Object.fromEntries(ports) as never;
}

/** Forecasts of what is stored: counted, not estimated, and with a reader. */
function storedForecasts(
  { node, digests }: PlannedNode,
  said: Estimate | undefined,
  manifests: Manifests,
  store: Store,
): { readonly [output: string]: Forecast } {
  const forecasts: { [output: string]: Forecast } = {};
  for (const [output, kind] of Object.entries(node.stage.outputs as Outputs)) {
    const digest = digests[output] as string;
    const path = store.pathOf(kind, digest);
    const manifest = manifests[output];
    forecasts[output] = {
      ...said,
      ...(manifest === undefined ? {} : counted(kind, manifest)),
      reader: openReader(kind, path, { digest, node: node.name }),
    };
  }
  return forecasts;
}

/** Rows of the main table (the first, else the first set of vectors) and bytes of everything. */
function counted(kind: AnyKind, { contents }: Manifest): Pick<Estimate, "rows" | "bytes"> {
  const [table] = Object.keys(kind.tables);
  const [vectors] = Object.keys(kind.vectors);
  const rows = contents.tables[table ?? ""]?.rows ?? contents.vectors[vectors ?? ""]?.rows;
  return { bytes: contents.bytes, ...(rows === undefined ? {} : { rows }) };
}

function issueOf(node: Node, error: { code?: string; message: string; remedy?: string }): PipelineIssue {
  return {
    code: error.code ?? "E_ESTIMATE",
    message: `node "${node.name}": ${error.message}`,
    ...node.configAt,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}
