/**
 * Runs a plan. After a failure no further node starts, unless the run is to keep going: then only what depends on it is
 * blocked. What finished stays in the store; an interrupt ends running nodes through their finalizers and the run is
 * recorded as interrupted.
 */

import { join } from "node:path";
import { clip, MOST_SAID } from "@precipice/files";
import * as Cause from "effect/Cause";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Semaphore from "effect/Semaphore";
import { damaged, manifestFile, readManifest } from "../artifact/manifest.ts";
import { findWrongBytes } from "../artifact/reader.ts";
import { statOf } from "../disk.ts";
import { type ArtifactError, RunError, type StageError } from "../errors.ts";
import { io } from "../io.ts";
import { writeHistory } from "../plan/history.ts";
import type { Plan, PlannedNode } from "../plan/plan.ts";
import type { Outputs } from "../stage.ts";
import { leaseOf } from "../store/leases.ts";
import { machineBudget, makeBudget, type Need } from "./budget.ts";
import { peakRssBytes } from "./environment.ts";
import type { ErrorInfo, RunEvent, RunEventBody, RunStatus } from "./events.ts";
import { type Hold, runNode } from "./node.ts";
import { type NodeOutcome, RunFolder } from "./record.ts";
import { type RunSpans, runSpans } from "./spans.ts";
import { collectMetrics, type MetricsByKey, type Summary } from "./summary.ts";

export interface ExecuteOptions {
  /** Called synchronously for every event; must not throw. */
  readonly onEvent?: (event: RunEvent) => void;
  /** How many nodes may run at once; the pipeline's own number by default. */
  readonly concurrency?: number;
  /** After a failure go on with nodes that do not depend on it; by default running ones finish and no other starts. */
  readonly keepGoing?: boolean;
  /** Threads for nodes that run side by side; those of the machine by default. */
  readonly jobs?: number;
  /** Memory for them, in bytes, by their estimates; three quarters of the machine's by default. */
  readonly memoryBytes?: number;
}

export interface RunResult {
  readonly id: string;
  /** Absolute run folder. */
  readonly path: string;
  readonly status: "ok" | "failed";
  readonly nodes: ReadonlyMap<string, NodeOutcome>;
  readonly summary: Summary;
  /** Files and folders in `path` that stages made to be looked at. */
  readonly published: ReadonlyArray<string>;
  /** Why a run failed whose nodes all succeeded. */
  readonly error?: ErrorInfo;
}

/** Runs exactly `plan`. Node failures are outcomes in the result; only a run that cannot be recorded fails (`E_IO`). */
export const execute = Effect.fnUntraced(function* (plan: Plan, options: ExecuteOptions = {}) {
  const id = RunFolder.newId(plan);
  const run = Effect.gen(function* () {
    // Both before there is a folder: what cannot run leaves no run.
    yield* plan.store.lock(leaseOf(id));
    yield* stillStored(plan);
    return yield* Effect.uninterruptibleMask((restore) => recorded(plan, id, options, restore));
  });
  return yield* Effect.scoped(run);
});

/** From the folder of the run to its finished record; only the work in between can be interrupted. */
const recorded = Effect.fnUntraced(function* (
  plan: Plan,
  id: string,
  options: ExecuteOptions,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
) {
  const outcomes = new Map<string, NodeOutcome>();
  const folder = yield* RunFolder.open(plan, id, outcomes);
  const spans = yield* runSpans;
  const emit = (body: RunEventBody): void => {
    const event: RunEvent = { ...body, at: new Date().toISOString() };
    folder.append(event);
    spans.onEvent(event);
    options.onEvent?.(event);
  };
  emit({
    type: "run.started",
    run: folder.id,
    path: folder.path,
    pipeline: plan.pipeline.name,
    nodes: plan.nodes.map(({ node, status, reason, lastDurationMs }) => ({
      node: node.name,
      stage: node.stage.id,
      status,
      reason,
      lastDurationMs,
    })),
  });
  return yield* restore(runNodes(plan, options, outcomes, emit, spans)).pipe(
    Effect.onInterrupt(() => finish(plan, folder, outcomes, emit, "interrupted").pipe(Effect.ignore)),
    Effect.andThen(finish(plan, folder, outcomes, emit, "ok")),
    Effect.ensuring(Effect.sync(() => folder.close())),
  );
});

/** From here on garbage collection sees this run; what it took away since the plan was made is an error, not a surprise. */
const stillStored = Effect.fnUntraced(function* (plan: Plan) {
  for (const { node, status, digests } of plan.nodes) {
    if (status !== "cached") continue;
    for (const [output, kind] of Object.entries(node.stage.outputs as Outputs)) {
      const manifest = join(plan.store.pathOf(kind, digests[output] as string), manifestFile);
      if ((yield* io(manifest, () => statOf(manifest))) !== undefined) continue;
      return yield* new RunError({
        code: "E_PLAN_STALE",
        message: `${node.name}.${output} left the store after the plan was made`,
        remedy: "Run again: it is planned anew.",
      });
    }
  }
});

const runNodes = Effect.fnUntraced(function* (
  plan: Plan,
  options: ExecuteOptions,
  outcomes: Map<string, NodeOutcome>,
  emit: (event: RunEventBody) => void,
  spans: RunSpans,
) {
  const machine = machineBudget();
  const most = options.concurrency ?? plan.pipeline.concurrency;
  const slots = yield* Semaphore.make(Number.isFinite(most) ? most : plan.nodes.length);
  const budget = makeBudget({
    threads: options.jobs ?? (Number.isFinite(most) ? Math.max(most, machine.threads) : machine.threads),
    bytes: options.memoryBytes ?? machine.bytes,
  });
  const stop: Stop = { keepGoing: options.keepGoing ?? false, by: undefined };
  const ended = new Map<string, Deferred.Deferred<boolean>>();
  for (const { node } of plan.nodes) ended.set(node.name, yield* Deferred.make<boolean>());
  const one = Effect.fnUntraced(function* (planned: PlannedNode) {
    const { name } = planned.node;
    const producers = [
      ...new Set(
        Object.values(planned.node.inputs)
          .flat()
          .map((edge) => edge.node),
      ),
    ];
    const failed: Array<string> = [];
    for (const producer of producers) {
      const deferred = ended.get(producer);
      if (deferred !== undefined && !(yield* Deferred.await(deferred))) failed.push(producer);
    }
    const keep = (outcome: NodeOutcome): Effect.Effect<void> => {
      outcomes.set(name, outcome);
      return remember(plan, planned, outcome);
    };
    // Only the work itself can be interrupted: what is being published is published, and recorded as such.
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const hold: Hold = (effect) => restore(slots.withPermits(1)(budget.hold(needOf(planned))(effect)));
        const outcome = yield* settle(plan, planned, failed, stop, hold, emit, keep, spans);
        yield* keep(outcome);
        yield* Deferred.succeed(ended.get(name) as Deferred.Deferred<boolean>, isUsable(outcome));
      }),
    );
  });
  yield* Effect.forEach(plan.nodes, one, { concurrency: "unbounded", discard: true });
});

/** The first failure, after which no node starts unless the run keeps going. */
interface Stop {
  readonly keepGoing: boolean;
  by: string | undefined;
}

const settle = (
  plan: Plan,
  planned: PlannedNode,
  failed: ReadonlyArray<string>,
  stop: Stop,
  hold: Hold,
  emit: (event: RunEventBody) => void,
  keep: (outcome: NodeOutcome) => Effect.Effect<void>,
  spans: RunSpans,
): Effect.Effect<NodeOutcome> => {
  const node = planned.node.name;
  if (planned.status === "cached") {
    const { reason } = planned;
    const failures = planned.failures > 0 ? { failures: planned.failures } : {};
    emit({ type: "node.cached", node, reason, ...failures });
    return Effect.succeed({ state: "cached", reason, ...failures });
  }
  if (planned.status === "skipped") {
    emit({ type: "node.skipped", node, reason: planned.reason });
    return Effect.succeed({ state: "skipped", reason: planned.reason });
  }
  const block = (reason: string): Effect.Effect<NodeOutcome> =>
    Effect.sync(() => {
      emit({ type: "node.blocked", node, reason });
      return { state: "blocked", reason };
    });
  if (planned.status === "blocked") return block(planned.reason);
  if (failed.length > 0) return block(`${failed.join(", ")} did not finish`);
  return ran(plan, planned, stop, hold, emit, keep, spans);
};

const ran = Effect.fnUntraced(function* (
  plan: Plan,
  planned: PlannedNode,
  stop: Stop,
  hold: Hold,
  emit: (event: RunEventBody) => void,
  keep: (outcome: NodeOutcome) => Effect.Effect<void>,
  spans: RunSpans,
) {
  const { node, reason } = planned;
  let started: number | undefined;
  let stoppedBy: string | undefined;
  const holdAndTell: Hold = (effect) =>
    hold(
      Effect.suspend(() => {
        if (stop.by !== undefined && !stop.keepGoing) {
          stoppedBy = stop.by;
          return Effect.interrupt;
        }
        started = performance.now();
        emit({ type: "node.started", node: node.name, stage: node.stage.id, reason });
        // Still inside the slot: whoever waits for it must see this before starting.
        return Effect.tapCause(spans.within(node.name, effect), (cause) =>
          Effect.sync(() => {
            if (!Cause.hasInterruptsOnly(cause)) stop.by ??= node.name;
          }),
        );
      }),
    );
  const exit = yield* Effect.exit(runNode(plan, planned, emit, holdAndTell));
  const durationMs = Math.round(performance.now() - (started ?? performance.now()));
  if (Exit.isSuccess(exit)) {
    const { shared, shards } = exit.value;
    const failures = exit.value.failures > 0 ? { failures: exit.value.failures } : {};
    if (shared) {
      const sharedReason = "another run made it meanwhile";
      emit({ type: "node.cached", node: node.name, reason: sharedReason, ...failures });
      const outcome: NodeOutcome = { state: "cached", reason: sharedReason, ...failures };
      return outcome;
    }
    emit({ type: "node.done", node: node.name, durationMs, ...failures });
    const outcome: NodeOutcome = {
      state: "done",
      reason,
      durationMs,
      peakRssBytes: peakRssBytes(),
      ...failures,
      ...(shards.length === 0 ? {} : { shards }),
    };
    return outcome;
  }
  if (stoppedBy !== undefined) {
    const blocked: NodeOutcome = { state: "blocked", reason: `not started: ${stoppedBy} failed` };
    emit({ type: "node.blocked", node: node.name, reason: blocked.reason });
    return blocked;
  }
  if (Cause.hasInterruptsOnly(exit.cause)) {
    // Only a node that had started was interrupted; one that still waited stays pending in the record.
    if (started !== undefined) {
      emit({ type: "node.interrupted", node: node.name });
      yield* keep({ state: "interrupted", reason });
    }
    return yield* Effect.interrupt;
  }
  stop.by ??= node.name;
  const error = errorInfo(exit.cause);
  emit({ type: "node.failed", node: node.name, durationMs, error });
  const outcome: NodeOutcome = { state: "failed", reason, durationMs, error };
  return outcome;
});

/** History is a convenience: a node does not fail because it could not be written. */
const remember = (plan: Plan, planned: PlannedNode, outcome: NodeOutcome): Effect.Effect<void> => {
  if (outcome.state === "blocked" || outcome.state === "skipped") return Effect.void;
  if (outcome.state === "cached" && planned.remembered) return Effect.void;
  return writeHistory(plan.store.root, plan.pipeline.name, planned.node.name, {
    key: planned.key,
    outcome: isUsable(outcome) ? "done" : outcome.state === "failed" ? "failed" : "interrupted",
    durationMs: outcome.state === "done" ? (outcome.durationMs ?? null) : planned.lastDurationMs,
  }).pipe(Effect.ignore);
};

const finish = Effect.fnUntraced(function* (
  plan: Plan,
  folder: RunFolder,
  outcomes: ReadonlyMap<string, NodeOutcome>,
  emit: (event: RunEventBody) => void,
  ending: "ok" | "interrupted",
): Effect.fn.Return<RunResult, RunError> {
  const usable = new Set([...outcomes].filter(([, outcome]) => isUsable(outcome)).map(([name]) => name));
  const collected = yield* Effect.exit(Effect.andThen(publishedAreWhole(plan, usable), collectMetrics(plan, usable)));
  const metrics: MetricsByKey = {
    ...(Exit.isSuccess(collected) ? collected.value : {}),
    ...failureMetrics(outcomes),
  };
  const error = Exit.isSuccess(collected) ? undefined : errorInfo(collected.cause);
  const fine = ({ node, status }: PlannedNode): boolean => usable.has(node.name) || status === "skipped";
  const complete = plan.nodes.every(fine) && error === undefined;
  const status: RunStatus = ending === "interrupted" ? ending : complete ? "ok" : "failed";
  const wallSeconds = folder.wallSeconds;
  const summary: Summary = { pipeline: plan.pipeline.name, status, wallSeconds, metrics };
  const published = yield* folder.finish(summary, error);
  const problem = error === undefined ? {} : { error };
  emit({ type: "run.finished", run: folder.id, path: folder.path, status, wallSeconds, ...problem });
  return {
    id: folder.id,
    path: folder.path,
    status: complete ? "ok" : "failed",
    nodes: outcomes,
    summary,
    published,
    ...problem,
  };
}, Effect.uninterruptible);

/** What a run copies into its folder to be looked at must be what was made. */
const publishedAreWhole = (plan: Plan, usable: ReadonlySet<string>): Effect.Effect<void, ArtifactError> =>
  Effect.forEach(
    plan.nodes.filter(({ node }) => usable.has(node.name)),
    ({ node, digests }) =>
      Effect.forEach(
        Object.entries(node.stage.outputs as Outputs).filter(([, kind]) => kind.publish.length > 0),
        Effect.fnUntraced(function* ([output, kind]) {
          const folder = plan.store.pathOf(kind, digests[output] as string);
          const isPublished = (path: string) =>
            kind.publish.some((name) => (name.endsWith("/") ? path.startsWith(name) : path === name));
          const wrong = yield* findWrongBytes(folder, yield* readManifest(folder), isPublished);
          if (wrong !== undefined) return yield* damaged(folder, wrong);
        }),
        { discard: true },
      ),
    { discard: true },
  );

/** `failures.NODE`: rows without a result, for every node that has some. Nothing is left out in silence. */
const failureMetrics = (outcomes: ReadonlyMap<string, NodeOutcome>): MetricsByKey =>
  Object.fromEntries(
    [...outcomes].flatMap(([node, { failures }]) =>
      failures === undefined ? [] : [[`failures.${node}`, { value: failures }]],
    ),
  );

const needOf = ({ node, estimate }: PlannedNode): Need => ({
  threads: node.stage.threads?.(node.config) ?? 1,
  bytes: estimate?.memoryBytes ?? 0,
});

const isUsable = (outcome: NodeOutcome): boolean => outcome.state === "done" || outcome.state === "cached";

/** What is recorded of a failure: code, message, remedy. Causes stay out, they may hold anything. */
function errorInfo(cause: Cause.Cause<StageError | ArtifactError | RunError>): ErrorInfo {
  const failure = Option.getOrUndefined(Cause.findErrorOption(cause));
  if (failure === undefined) {
    const defect = Cause.squash(cause);
    const message = defect instanceof Error ? `${defect.name}: ${defect.message}` : String(defect);
    const stack =
      defect instanceof Error
        ? (defect.stack ?? "")
            .split("\n")
            .slice(1, 6)
            .map((frame) => frame.trim())
        : [];
    return { code: "E_STAGE_DEFECT", message: clip(message, MOST_SAID), remedy: "This is a bug in the stage.", stack };
  }
  const code = failure.code ?? "E_STAGE";
  const message = clip(failure.message, MOST_SAID);
  return { code, message, ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }) };
}
