/** Runs one node: its lock, a private folder, typed readers and writers, then publication of every output or of none. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Logger from "effect/Logger";
import type * as Scope from "effect/Scope";
import type { AnyKind } from "../artifact/kind.ts";
import { damaged, findManifest, type Manifest, type Origin } from "../artifact/manifest.ts";
import { findWrongBytes, open } from "../artifact/reader.ts";
import { create } from "../artifact/writer.ts";
import { makeFolder, removeFolder } from "../disk.ts";
import type { ArtifactError, StageError } from "../errors.ts";
import { io } from "../io.ts";
import { digestOf } from "../plan/canonical.ts";
import type { Plan, PlannedNode } from "../plan/plan.ts";
import { rowConfig } from "../plan/result-config.ts";
import { type FailureRow, failuresTable } from "../shards/failures.ts";
import { mapRowsIn, type ShardInfo } from "../shards/map-rows.ts";
import type { Work } from "../shards/row-work.ts";
import { storedShards } from "../shards/stored.ts";
import { streamRowsIn } from "../shards/stream-rows.ts";
import { type Inputs, type Outputs, portOf, type ReadersOf } from "../stage.ts";
import type { Found } from "../store/found.ts";
import type { Store } from "../store/store.ts";
import { versionsOf } from "../version.ts";
import { measureEnergy } from "./energy.ts";
import type { RunEventBody } from "./events.ts";
import { keepNotes } from "./notes.ts";
import { assertFingerprint, watchOutside } from "./outside-files.ts";

/** Two progress events of a node are at least this far apart, the last one excepted. */
const progressGapMs = 100;

/** How a node that ran came to its result. */
export interface NodeRun {
  /** Another run made the result while this one waited for it. */
  readonly shared: boolean;
  /** Rows without a result. */
  readonly failures: number;
  readonly shards: ReadonlyArray<ShardInfo>;
}

/**
 * Takes the lock of the node's digest, runs the stage and publishes its outputs; interruption or failure at any point leaves
 * finished shards and nothing else. When another run is at it, waits and takes its result.
 */
export const runNode = Effect.fnUntraced(function* (
  plan: Plan,
  planned: PlannedNode,
  emit: (event: RunEventBody) => void,
  hold: Hold,
): Effect.fn.Return<NodeRun, StageError | ArtifactError, Scope.Scope> {
  const made = yield* hold(make(plan, planned, emit));
  // Publication waits for the disk: it holds no thread of the budget meanwhile.
  // What another run left half or damaged, or what was forced, gives way.
  yield* Effect.uninterruptible(
    Effect.forEach(
      made.outputs,
      ({ folder, kind, manifest }) => plan.store.publish(folder, kind, manifest, planned.replace),
      { discard: true },
    ),
  );
  yield* Effect.promise(() => removeFolder(made.scratch).catch(() => undefined));
  return made.run;
}, Effect.scoped);

/** Runs the work within the budget. */
export type Hold = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;

interface Made {
  readonly run: NodeRun;
  /** Where its work in progress survives a kill. */
  readonly scratch: string;
  /** What is to be published. */
  readonly outputs: ReadonlyArray<{ readonly folder: string; readonly kind: AnyKind; readonly manifest: Manifest }>;
}

const make = Effect.fnUntraced(function* (
  plan: Plan,
  planned: PlannedNode,
  emit: (event: RunEventBody) => void,
): Effect.fn.Return<Made, StageError | ArtifactError, Scope.Scope> {
  const { node } = planned;
  const { store } = plan;
  const outputs = Object.entries(node.stage.outputs as Outputs);
  const digest = digestOf(planned.key);
  const scratch = store.scratchOf(digest);
  const waited = yield* store.lock(digest, {
    onWait: (holder) =>
      emit({
        type: "node.waiting",
        node: node.name,
        holder: holder === undefined ? "another run" : `process ${holder.pid} on ${holder.host}`,
      }),
  });
  if (waited || !planned.replace) {
    const found = yield* Effect.forEach(outputs, ([output, kind]) =>
      store.find(kind, planned.digests[output] as string),
    );
    if (found.length > 0 && found.every(({ state }) => state === "present") && !(planned.forced && !waited)) {
      return { run: { shared: true, failures: failuresIn(found), shards: [] }, scratch, outputs: [] };
    }
  }
  const started = performance.now();
  const energy = measureEnergy();
  const open = yield* openWriters(planned, store);
  const log = (message: string) => Effect.sync(() => emit({ type: "node.log", node: node.name, message }));
  const { note, notes } = keepNotes(log);
  const progress = progressOf(node.name, emit);
  const config = rowConfig(node.stage.config, node.config);
  const shards: Array<ShardInfo> = [];
  const failures: Array<FailureRow> = [];
  const used: Array<{ readonly kind: string; readonly digest: string }> = [];
  const { stage, stageVersion, inputs, fingerprint, numerics } = planned.key;
  const origin = { stage, stageVersion, config, inputs, fingerprint, numerics };
  const onShard = (shard: ShardInfo): void => {
    shards.push(shard);
    emit({ type: "node.shard", node: node.name, ...shard });
  };
  const unchanged = yield* watchOutside(plan, planned);
  /** Before a shard or a result is published: everything is still what it was computed from. */
  const assertInputs = Effect.andThen(unchanged, yield* watchFreeFiles(plan, planned));
  const mapRows = mapRowsIn({
    store: storedShards(store, node.name, origin, planned.forced, assertInputs),
    key: { ...planned.key, config },
    progress,
    onShard: (shard) => {
      used.push({ kind: shard.kind, digest: shard.digest });
      onShard(shard);
    },
    onFailures: (rows) => Effect.sync(() => void failures.push(...rows)),
  });
  const streamRows = streamRowsIn({
    node: node.name,
    folder: join(scratch, "shards"),
    root: store.root,
    workspace: store.workspace,
    forced: planned.forced,
    origin,
    progress,
    assertInputs,
    onShard,
  });
  yield* assertInputs;
  yield* Effect.scoped(
    node.stage.run({
      config: node.config,
      inputs: readersOf(plan, planned),
      outputs: Object.fromEntries(open.map(({ output, writer }) => [output, writer])),
      pipelineDir: node.dir,
      progress,
      log,
      note,
      mapRows,
      streamRows,
      scratch,
    }),
  ).pipe(Effect.provideService(Logger.CurrentLoggers, logsAsEvents(node.name, emit)));
  yield* assertInputs;
  yield* assertFingerprint(planned);
  const cost = costOf(Math.round(performance.now() - started), energy());
  if (failures.length > 0) {
    yield* Effect.forEach(open, ({ writeFailures }) => writeFailures(failures), { discard: true });
  }
  const sealed = yield* Effect.forEach(open, ({ output, kind, writer, seal }) =>
    Effect.map(seal, (contents) => ({
      folder: writer.path,
      kind,
      manifest: manifestOf(planned, output, kind, contents, { ...cost, ...notes() }, used),
    })),
  );
  return { run: { shared: false, failures: failures.length, shards }, scratch, outputs: sealed };
});

const costOf = (durationMs: number, joules: number | undefined) => ({
  durationMs,
  ...(joules === undefined ? {} : { joules }),
});

/** Rows without a result, by the manifests of a node's outputs (each of which repeats them). */
export const failuresIn = (found: ReadonlyArray<Found>): number =>
  found.reduce(
    (most, one) =>
      Math.max(most, one.state === "present" ? (one.manifest.contents.tables[failuresTable]?.rows ?? 0) : 0),
    0,
  );

const openWriters = (planned: PlannedNode, store: Store) =>
  Effect.forEach(
    Object.entries(planned.node.stage.outputs as Outputs),
    Effect.fnUntraced(function* ([output, kind]) {
      const path = yield* store.workspace;
      yield* io(path, () => makeFolder(path));
      return { output, kind, ...create(kind, path) };
    }),
  );

/**
 * Tables and vectors are verified as they are read. Free files (a checkpoint, an adapter) are read by whoever knows their format:
 * the check that this gives verifies them before the stage runs, and whenever a shard or a result is to be published they must not
 * have changed since.
 */
const watchFreeFiles = Effect.fnUntraced(function* (plan: Plan, { node, key }: PlannedNode) {
  const folders = Object.entries(node.stage.inputs as Inputs).flatMap(([name, spec]) =>
    (key.inputs[name] ?? []).map((digest) => plan.store.pathOf(portOf(spec).kind, digest)),
  );
  const watched: Array<{ readonly folder: string; readonly manifest: Manifest; readonly free: ReadonlySet<string> }> =
    [];
  for (const folder of folders) {
    const manifest = yield* findManifest(folder);
    if (manifest === undefined) continue;
    const { tables, vectors, files } = manifest.contents;
    const read = new Set([...Object.values(tables), ...Object.values(vectors)].map(({ file }) => file));
    const free = new Set(files.map(({ path }) => path).filter((path) => !read.has(path)));
    if (free.size > 0) watched.push({ folder, manifest, free });
  }
  const since = new Map<string, string>();
  return Effect.forEach(
    watched,
    Effect.fnUntraced(function* ({ folder, manifest, free }) {
      const wrong = yield* findWrongBytes(folder, manifest, (path) => free.has(path), since);
      if (wrong !== undefined) return yield* damaged(folder, wrong);
    }),
    { discard: true },
  );
});

/** The readers of a node's inputs, by port: one, an array, or `undefined`. */
function readersOf(plan: Plan, planned: PlannedNode): ReadersOf<never> {
  const ports = Object.entries(planned.node.stage.inputs as Inputs);
  return Object.fromEntries(
    ports.map(([name, spec]) => {
      const port = portOf(spec);
      const readers = (planned.node.inputs[name] ?? []).map((edge, i) => {
        const digest = planned.key.inputs[name]?.[i] as string;
        return open(port.kind, plan.store.pathOf(port.kind, digest), { digest, node: edge.node });
      });
      return [name, port.arity === "many" ? readers : readers[0]];
    }),
  ) as ReadersOf<never>;
}

function manifestOf(
  { node, key, digests }: PlannedNode,
  output: string,
  kind: AnyKind,
  contents: Manifest["contents"],
  made: Pick<Origin, "durationMs" | "joules" | "notes">,
  shards: NonNullable<Manifest["origin"]["shards"]>,
): Manifest {
  return {
    format: 1,
    kind: kind.name,
    kindVersion: kind.version,
    digest: digests[output] as string,
    contents,
    origin: {
      stage: node.stage.id,
      stageVersion: node.stage.version,
      output,
      config: key.config,
      inputs: key.inputs,
      numerics: key.numerics,
      ...made,
      fingerprint: key.fingerprint,
      ...(shards.length === 0 ? {} : { shards }),
    },
    versions: versionsOf(node.stage),
    createdAt: new Date().toISOString(),
  };
}

function progressOf(node: string, emit: (event: RunEventBody) => void) {
  let last = Number.NEGATIVE_INFINITY;
  return (done: number, total: number, unit?: string, detail?: string, work?: Work): void => {
    const now = performance.now();
    if (now - last < progressGapMs && done < total) return;
    last = now;
    emit({
      type: "node.progress",
      node,
      done,
      total,
      ...(unit === undefined ? {} : { unit }),
      ...(detail === undefined ? {} : { detail }),
      ...(work === undefined ? {} : { work }),
      rssBytes: process.memoryUsage.rss(),
    });
  };
}

/** What a stage logs through Effect becomes an event instead of a line that tears the live view. */
const logsAsEvents = (node: string, emit: (event: RunEventBody) => void) =>
  new Set([
    Logger.make<unknown, void>(({ message }) => {
      const text = (Array.isArray(message) ? message : [message]).map(String).join(" ");
      emit({ type: "node.log", node, message: text });
    }),
  ]);
