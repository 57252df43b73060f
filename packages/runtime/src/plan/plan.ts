/**
 * The plan: for each node `cached`, `run` or `blocked`, with one reason. `inspect` looks at the world (fingerprints, store,
 * history); `decide` is a pure function of what it saw; the executor runs the very object that `precipice plan` prints.
 */
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import { open as openReader } from "../artifact/reader.ts";
import { type ArtifactError, PipelineError, type PipelineIssue, RunError, type StageError } from "../errors.ts";
import type { Node, Pipeline } from "../pipeline/model.ts";
import { suggestion } from "../pipeline/nearest.ts";
import type { Store } from "../store/store.ts";
import { decide } from "./decide.ts";
import { type NodeHistory, readHistory } from "./history.ts";
import { type KeyParts, type Numerics, outputDigests } from "./key.ts";

export interface PlannedNode {
  readonly node: Node;
  readonly status: "cached" | "run" | "blocked";
  readonly reason: string;
  readonly key: KeyParts;
  /** By output name: known before anything runs. */
  readonly digests: { readonly [output: string]: string };
  /** Something is stored under a digest already and must give way. */
  readonly replace: boolean;
  /** How long it took the last time it ran, for estimates. */
  readonly lastDurationMs: number | null;
}

export interface Plan {
  readonly pipeline: Pipeline;
  readonly store: Store;
  readonly numerics: Numerics;
  /** In topological order. */
  readonly nodes: ReadonlyArray<PlannedNode>;
}

export interface PlanOptions {
  /** Nodes to run again although their results are stored; what depends on them runs again too. */
  readonly force?: ReadonlyArray<string>;
  /** Only this node may run; what it needs must be stored. Nodes it does not need are left out of the plan. */
  readonly only?: string;
  /** Numeric environment, part of every key. */
  readonly numerics?: Numerics;
}

/** What `inspect` saw of one node. */
export interface Inspected {
  readonly node: Node;
  readonly key: KeyParts;
  readonly digests: { readonly [output: string]: string };
  /** What the store has: all outputs, none, or a sentence saying what is wrong with them. */
  readonly stored: "all" | "none" | { readonly broken: string };
  readonly usable: boolean;
  readonly history: NodeHistory | undefined;
}

/**
 * Plans a pipeline against a store. Fails with all positions at once when outside content cannot be fingerprinted
 * (`E_FILE_MISSING`, `E_FINGERPRINT`), and with `E_NODE_UNKNOWN` for names in `force` or `only` that are no nodes.
 */
export const plan = Effect.fn("plan")(function* (pipeline: Pipeline, store: Store, options: PlanOptions = {}) {
  const names = pipeline.nodes.map(({ name }) => name);
  for (const name of [...(options.force ?? []), ...(options.only === undefined ? [] : [options.only])]) {
    if (names.includes(name)) continue;
    const message = `the pipeline has no node "${name}"`;
    return yield* new RunError({ code: "E_NODE_UNKNOWN", message, remedy: suggestion(name, names, "nodes") });
  }
  const numerics = options.numerics ?? {};
  const inspected = yield* inspect(pipeline, store, numerics);
  const result: Plan = { pipeline, store, numerics, nodes: decide(inspected, options) };
  return result;
});

const inspect = Effect.fnUntraced(function* (pipeline: Pipeline, store: Store, numerics: Numerics) {
  const context = { pipelineDir: pipeline.dir };
  const issues: Array<PipelineIssue> = [];
  const inspected: Array<Inspected> = [];
  const digestsOf = new Map<string, { readonly [output: string]: string }>();
  for (const node of pipeline.nodes) {
    const { stage, config } = node;
    const fingerprint = yield* (stage.fingerprint?.(config, context) ?? Effect.succeed(null)).pipe(
      Effect.catch((error: StageError) => {
        issues.push(fingerprintIssue(node, error));
        return Effect.succeed(null);
      }),
    );
    const inputs = Object.fromEntries(
      Object.entries(node.inputs).map(([port, edges]) => [
        port,
        edges.map((edge) => digestsOf.get(edge.node)?.[edge.output] ?? ""),
      ]),
    );
    const key: KeyParts = { stage: stage.id, stageVersion: stage.version, config, inputs, fingerprint, numerics };
    const digests = outputDigests(key, stage);
    digestsOf.set(node.name, digests);
    const stored = yield* lookUp(node, digests, store);
    const usable = stored !== "all" || (yield* revalidated(node, digests, store, context));
    inspected.push({
      node,
      key,
      digests,
      stored,
      usable,
      history: yield* readHistory(store.root, pipeline.name, node.name),
    });
  }
  if (issues.length > 0) return yield* new PipelineError({ issues });
  return inspected;
});

const lookUp = Effect.fnUntraced(function* (
  node: Node,
  digests: { readonly [output: string]: string },
  store: Store,
): Effect.fn.Return<Inspected["stored"], ArtifactError> {
  const outputs = Object.entries(node.stage.outputs as { readonly [output: string]: AnyKind });
  const absent: Array<string> = [];
  for (const [output, kind] of outputs) {
    const found = yield* store.find(kind, digests[output] as string);
    if (found.state === "damaged") return { broken: `its stored ${output} is damaged: ${found.what}` };
    if (found.state === "absent") absent.push(output);
  }
  if (absent.length === 0 && outputs.length > 0) return "all";
  return absent.length === outputs.length ? "none" : { broken: `its ${absent.join(", ")} is not in the store` };
});

const revalidated = (
  node: Node,
  digests: { readonly [output: string]: string },
  store: Store,
  context: { readonly pipelineDir: string },
): Effect.Effect<boolean> => {
  const { stage, config, name } = node;
  if (stage.revalidate === undefined) return Effect.succeed(true);
  const readers = Object.entries(stage.outputs as { readonly [output: string]: AnyKind }).map(([output, kind]) => {
    const digest = digests[output] as string;
    return [output, openReader(kind, store.pathOf(kind, digest), { digest, node: name })] as const;
  });
  return stage.revalidate(config, Object.fromEntries(readers), context);
};

function fingerprintIssue(node: Node, error: StageError): PipelineIssue {
  const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  return {
    code: error.code ?? (missing ? "E_FILE_MISSING" : "E_FINGERPRINT"),
    message: `node "${node.name}": ${error.message}`,
    ...node.configAt,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}
