/**
 * The plan: for each node `cached`, `run`, `blocked` or `skipped`, with one reason. `inspect` looks at the world (fingerprints, store,
 * history); `decide` is a pure function of what it saw; the executor runs the very object that `precipice plan` prints.
 */
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import type { Manifest } from "../artifact/manifest.ts";
import { open as openReader } from "../artifact/reader.ts";
import { isMissing, listFolder } from "../disk.ts";
import { type ArtifactError, PipelineError, type PipelineIssue, RunError, type StageError } from "../errors.ts";
import type { Node, Pipeline } from "../pipeline/model.ts";
import type { Estimate, StageContext } from "../stage.ts";
import type { Look } from "../store/found.ts";
import type { Store } from "../store/store.ts";
import { decide } from "./decide.ts";
import { withEstimates } from "./forecast.ts";
import { type NodeHistory, readHistories } from "./history.ts";
import { type KeyParts, type Numerics, outputDigests } from "./key.ts";
import { resultConfig } from "./result-config.ts";
import { type Selection, type SelectionOptions, select } from "./selection.ts";

export interface PlannedNode {
  readonly node: Node;
  readonly status: "cached" | "run" | "blocked" | "skipped";
  readonly reason: string;
  readonly key: KeyParts;
  /** By output name: known before anything runs. None for a skipped node. */
  readonly digests: { readonly [output: string]: string };
  /** Something is stored under a digest already and must give way. */
  readonly replace: boolean;
  /** Its rows are to be computed anew, not taken from stored shards. */
  readonly forced: boolean;
  /** Rows its stored result has no result for. */
  readonly failures: number;
  /** What it is expected to make and need, or of a cached one what it made; `undefined` when its stage cannot say. */
  readonly estimate: Estimate | undefined;
  /** How long it took the last time it ran, for estimates. */
  readonly lastDurationMs: number | null;
  /** That it came to this very result is on record already. */
  readonly remembered: boolean;
}

export interface Plan {
  readonly pipeline: Pipeline;
  readonly store: Store;
  readonly numerics: Numerics;
  /** In topological order. */
  readonly nodes: ReadonlyArray<PlannedNode>;
}

/**
 * `force`: nodes to run again although their results are stored; what depends on them runs again too. `from`, `to`, `only`:
 * nodes that may run; what they need beyond that must be stored, and what they do not need is left out of the plan.
 */
export interface PlanOptions extends SelectionOptions {
  /** Numeric environment, part of every key. */
  readonly numerics?: Numerics;
  /** Told what a node's stage says while it is looked at: what it waits for, what it leaves out. */
  readonly onNotice?: (node: string, message: string) => void;
  /** Told how many nodes have been looked at. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Hash what is stored, and run again what is damaged; by default only sizes are compared. */
  readonly heal?: boolean;
}

/** What a stage is told of its place while it is planned. */
export const contextOf = (node: Node, { onNotice }: Pick<PlanOptions, "onNotice">): StageContext => ({
  pipelineDir: node.dir,
  ...(onNotice === undefined ? {} : { notice: (message) => onNotice(node.name, message) }),
});

/** What `inspect` saw of one node. */
export interface Inspected {
  readonly node: Node;
  readonly key: KeyParts;
  readonly digests: { readonly [output: string]: string };
  /** What the store has: all outputs, none, or a sentence saying what is wrong with them. */
  readonly stored: "all" | "none" | { readonly broken: string };
  /** Of the outputs that are stored. */
  readonly manifests: { readonly [output: string]: Manifest };
  readonly usable: boolean;
  readonly history: NodeHistory | undefined;
}

/**
 * Plans a pipeline against a store. Fails with all positions at once when outside content cannot be fingerprinted
 * (`E_FILE_MISSING`, `E_FINGERPRINT`) or an estimate exceeds a limit, and with `E_NODE_UNKNOWN` or `E_NODE_LEFT_OUT` for
 * names in the options that are no nodes or may not run.
 */
export const plan = Effect.fn("plan")(function* (pipeline: Pipeline, store: Store, options: PlanOptions = {}) {
  const selection = select(pipeline.nodes, options);
  if (selection instanceof RunError) return yield* selection;
  const numerics = options.numerics ?? {};
  const inspected = yield* inspect(pipeline, selection, store, numerics, options);
  const manifests = new Map(inspected.map((seen) => [seen.node.name, seen.manifests]));
  const nodes = yield* withEstimates(decide(inspected, selection), manifests, store, (node) =>
    contextOf(node, options),
  );
  const result: Plan = { pipeline, store, numerics, nodes };
  return result;
});

const inspect = Effect.fnUntraced(function* (
  pipeline: Pipeline,
  selection: Selection,
  store: Store,
  numerics: Numerics,
  options: Pick<PlanOptions, "onNotice" | "onProgress" | "heal">,
) {
  const issues: Array<PipelineIssue> = [];
  const keyed: Array<Pick<Inspected, "node" | "key" | "digests">> = [];
  const digestsOf = new Map<string, { readonly [output: string]: string }>();
  for (const node of pipeline.nodes) {
    if (!selection.planned.has(node.name)) continue;
    const { stage, config } = node;
    // What a skipped node would need may not exist: nothing of it is looked at.
    const fingerprinted = node.skip === undefined ? stage.fingerprint?.(config, contextOf(node, options)) : undefined;
    const fingerprint = yield* (fingerprinted ?? Effect.succeed(null)).pipe(
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
    const key: KeyParts = {
      stage: stage.id,
      stageVersion: stage.version,
      ...(stage.package === undefined ? {} : { package: `${stage.package.name}@${stage.package.version}` }),
      config: resultConfig(stage.config, config),
      inputs,
      fingerprint,
      numerics,
    };
    const digests = node.skip === undefined ? outputDigests(key, stage) : {};
    digestsOf.set(node.name, digests);
    keyed.push({ node, key, digests });
  }
  if (issues.length > 0) return yield* new PipelineError({ issues });
  const histories = yield* readHistories(store.root, pipeline.name, digestsOf.keys());
  const names = yield* namesStored(keyed, store);
  let done = 0;
  return yield* Effect.forEach(
    keyed,
    Effect.fnUntraced(function* ({ node, key, digests }): Effect.fn.Return<Inspected, ArtifactError> {
      options.onProgress?.(++done, keyed.length);
      const history = histories.get(node.name);
      if (node.skip !== undefined) return { node, key, digests, stored: "none", manifests: {}, usable: true, history };
      const { stored, manifests } = yield* lookUp(node, digests, store, names, {
        bytes: options.heal ?? false,
      });
      const usable = stored !== "all" || (yield* revalidated(node, digests, store, options));
      return { node, key, digests, stored, manifests, usable, history };
    }),
    { concurrency: 16 },
  );
});

type Names = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * By kind, what the store has something under. Most digests of a new plan lead to nothing: one listing a kind is quicker than
 * thousands of folders that are not there. A kind that cannot be listed is absent, and then each digest is looked at.
 */
const namesStored = Effect.fnUntraced(function* (keyed: ReadonlyArray<Pick<Inspected, "node">>, store: Store) {
  const stages = new Set(keyed.map(({ node }) => node.stage));
  const kinds = [...stages].flatMap((stage) => Object.values(stage.outputs as { readonly [output: string]: AnyKind }));
  const names = new Map<string, ReadonlySet<string>>();
  for (const kind of kinds) {
    if (names.has(kind.name)) continue;
    const folder = dirname(store.pathOf(kind, "any"));
    const listed = yield* Effect.promise(() =>
      listFolder(folder).then(
        (entries) => entries.map(({ name }) => name),
        (cause) => (isMissing(cause) ? [] : undefined),
      ),
    );
    if (listed !== undefined) names.set(kind.name, new Set(listed));
  }
  return names;
});

const lookUp = Effect.fnUntraced(function* (
  node: Node,
  digests: { readonly [output: string]: string },
  store: Store,
  names: Names,
  look: Look,
): Effect.fn.Return<Pick<Inspected, "stored" | "manifests">, ArtifactError> {
  const outputs = Object.entries(node.stage.outputs as { readonly [output: string]: AnyKind });
  const absent: Array<string> = [];
  const manifests: { [output: string]: Manifest } = {};
  for (const [output, kind] of outputs) {
    const digest = digests[output] as string;
    if (names.get(kind.name)?.has(digest) === false) {
      absent.push(output);
      continue;
    }
    const found = yield* store.find(kind, digest, look);
    if (found.state === "damaged") {
      return { stored: { broken: `its stored ${output} is damaged: ${found.what}` }, manifests };
    }
    if (found.state === "absent") absent.push(output);
    else manifests[output] = found.manifest;
  }
  if (absent.length === 0 && outputs.length > 0) return { stored: "all", manifests };
  const stored = absent.length === outputs.length ? "none" : { broken: `its ${absent.join(", ")} is not in the store` };
  return { stored, manifests };
});

const revalidated = (
  node: Node,
  digests: { readonly [output: string]: string },
  store: Store,
  options: Pick<PlanOptions, "onNotice">,
): Effect.Effect<boolean> => {
  const { stage, config, name } = node;
  if (stage.revalidate === undefined) return Effect.succeed(true);
  const readers = Object.entries(stage.outputs as { readonly [output: string]: AnyKind }).map(([output, kind]) => {
    const digest = digests[output] as string;
    return [output, openReader(kind, store.pathOf(kind, digest), { digest, node: name })] as const;
  });
  return stage.revalidate(config, Object.fromEntries(readers), contextOf(node, options));
};

function fingerprintIssue(node: Node, error: StageError): PipelineIssue {
  const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  return {
    code: error.code ?? (missing ? "E_FILE_MISSING" : "E_FINGERPRINT"),
    message: `node "${node.name}": ${error.message}`,
    ...node.configAt,
    ...remedyOf(node, error),
  };
}

/** What the stage advises, and for a relative path that leads to nothing where it was looked for. */
function remedyOf({ lost }: Node, { remedy }: StageError): { readonly remedy?: string } {
  const [path] = lost;
  if (path === undefined) return remedy === undefined ? {} : { remedy };
  const rule = `"${path.given}" starts at ${path.from}: relative paths of --set start where you are, those in a file at that file's folder.`;
  return { remedy: remedy === undefined ? rule : `${remedy.replace(/[^.!?]$/, "$&.")} ${rule}` };
}
