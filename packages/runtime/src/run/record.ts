/** The folder of one run: `runs/<id>/` with `run.json`, `events.jsonl`, `summary.json` and what its artifacts publish. */
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { cp } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { readFileText } from "@precipice/files";
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import { makeFolder, remove } from "../disk.ts";
import { RunError } from "../errors.ts";
import { ioRemedy } from "../io.ts";
import type { Plan, PlannedNode } from "../plan/plan.ts";
import type { ShardInfo } from "../shards/map-rows.ts";
import { replaceFile } from "../store/durable.ts";
import { versions } from "../version.ts";
import { type Environment, environment, type GitState, gitState, peakRssBytes } from "./environment.ts";
import type { ErrorInfo, NodeState, RunEvent, RunStatus } from "./events.ts";
import { pointLatest } from "./latest.ts";
import type { Summary } from "./summary.ts";

/** How one node ended. */
export interface NodeOutcome {
  readonly state: NodeState;
  readonly reason: string;
  readonly durationMs?: number;
  readonly error?: ErrorInfo;
  /** Rows without a result; absent when there are none. */
  readonly failures?: number;
  readonly shards?: ReadonlyArray<ShardInfo>;
  /** Most memory the process had held when the node ended. */
  readonly peakRssBytes?: number;
}

/** `run.json`. */
export interface RunRecord {
  readonly format: 1;
  readonly id: string;
  readonly pipeline: string;
  /** Relative to the root where it can be. */
  readonly file: string;
  readonly status: RunStatus;
  /** Of the process, on its machine. */
  readonly pid?: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly wallSeconds: number;
  readonly error?: ErrorInfo;
  readonly numerics: { readonly [name: string]: string };
  readonly versions: { readonly [name: string]: string };
  readonly environment: Environment;
  /** Of the folder of the pipeline file; absent outside a git repository. */
  readonly git?: GitState;
  /** Most memory the process held; present at the end. */
  readonly peakRssBytes?: number;
  readonly nodes: ReadonlyArray<{
    readonly node: string;
    readonly stage: string;
    readonly stageVersion: number;
    /** `name@version` of the plugin the stage is from. */
    readonly package?: string;
    readonly state: NodeState | "pending";
    readonly reason: string;
    readonly durationMs?: number;
    readonly error?: ErrorInfo;
    readonly failures?: number;
    readonly shards?: ReadonlyArray<ShardInfo>;
    readonly peakRssBytes?: number;
    readonly config: unknown;
    /** Digest of the outside content the config points at; absent without such. */
    readonly fingerprint?: string;
    readonly inputs: { readonly [port: string]: ReadonlyArray<string> };
    /** Folders are relative to the root. */
    readonly outputs: {
      readonly [output: string]: { readonly kind: string; readonly digest: string; readonly path: string };
    };
  }>;
}

/** Progress lines in `events.jsonl` are at least this far apart per node. */
const progressGapMs = 1000;

export class RunFolder {
  readonly id: string;
  readonly path: string;
  readonly startedAt = new Date();
  readonly #plan: Plan;
  readonly #events: number;
  readonly #outcomes: ReadonlyMap<string, NodeOutcome>;
  readonly #lastProgress = new Map<string, number>();
  /** Asked once, while the run works. */
  readonly #git: Promise<GitState | undefined>;

  private constructor(
    plan: Plan,
    id: string,
    path: string,
    events: number,
    outcomes: ReadonlyMap<string, NodeOutcome>,
  ) {
    this.#plan = plan;
    this.id = id;
    this.path = path;
    this.#events = events;
    this.#outcomes = outcomes;
    this.#git = gitState(plan.pipeline.dir);
    process.once("exit", this.#abandoned);
  }

  /** The id of a run of `plan` that starts now. */
  static newId(plan: Plan): string {
    const stamp = new Date().toISOString().replace(/[-:]/g, "").replace(/\..*$/, "").replace("T", "-");
    return `${stamp}-${plan.pipeline.name}-${randomBytes(3).toString("hex")}`;
  }

  /** Creates the folder, or leaves none: `E_IO`. `outcomes` is read whenever the record is written. */
  static open(plan: Plan, id: string, outcomes: ReadonlyMap<string, NodeOutcome>): Effect.Effect<RunFolder, RunError> {
    const path = join(plan.store.root, "runs", id);
    return attempt(dirname(path), async () => {
      let folder: RunFolder | undefined;
      try {
        await makeFolder(path);
        folder = new RunFolder(plan, id, path, openSync(join(path, "events.jsonl"), "a"), outcomes);
        await folder.#write("running", undefined);
        await pointLatest(dirname(path), id);
        return folder;
      } catch (cause) {
        folder?.close();
        await remove(path).catch(() => undefined);
        throw cause;
      }
    });
  }

  /** Appends to `events.jsonl`. A full disk must not fail a run for its log: the lines are lost, the results are not. */
  readonly append = (event: RunEvent): void => {
    if (event.type === "node.progress" && event.done < event.total) {
      const now = performance.now();
      if (now - (this.#lastProgress.get(event.node) ?? Number.NEGATIVE_INFINITY) < progressGapMs) return;
      this.#lastProgress.set(event.node, now);
    }
    try {
      writeSync(this.#events, `${JSON.stringify(event)}\n`);
    } catch {
      return;
    }
  };

  get wallSeconds(): number {
    return Math.round(Date.now() - this.startedAt.getTime()) / 1000;
  }

  /**
   * Writes `run.json` and `summary.json` and copies published files, whose names it gives. Where there is no room for that the
   * record at least says so, in the room it has.
   */
  finish(summary: Summary, error: ErrorInfo | undefined): Effect.Effect<ReadonlyArray<string>, RunError> {
    return attempt(this.path, async () => {
      // where something stored is wrong, nothing of it is copied
      const published = error === undefined ? await this.#copyPublished(this.#outcomes) : [];
      await replaceFile(join(this.path, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
      await this.#write(summary.status, error);
      return published;
    }).pipe(
      Effect.tapError(({ code, message, remedy }) =>
        Effect.sync(() => {
          const why = { code, message, ...(remedy === undefined ? {} : { remedy }) };
          this.#overwrite(summary.status === "interrupted" ? "interrupted" : "failed", why);
        }),
      ),
    );
  }

  close(): void {
    process.off("exit", this.#abandoned);
    closeSync(this.#events);
  }

  /** The process ends while the run is at work: by a second signal, or a defect elsewhere. */
  readonly #abandoned = (code: number): void => this.#overwrite(code > 128 ? "interrupted" : "failed", undefined);

  /** The record without what takes room, in place of the one there: also on a full disk, and without waiting. */
  #overwrite(status: RunStatus, error: ErrorInfo | undefined): void {
    try {
      const record = this.#record(status, error, undefined);
      const nodes = record.nodes.map(({ shards: _, ...node }) => node);
      const bytes = Buffer.from(`${JSON.stringify({ ...record, nodes })}\n`);
      const file = openSync(join(this.path, "run.json"), "r+");
      try {
        if (bytes.length > fstatSync(file).size) return;
        writeSync(file, bytes, 0, bytes.length, 0);
        ftruncateSync(file, bytes.length);
      } finally {
        closeSync(file);
      }
    } catch {
      // Then the run is listed as killed.
    }
  }

  /** The first node keeps a file's plain name; later ones with the same get `<node>-` before it. */
  async #copyPublished(outcomes: ReadonlyMap<string, NodeOutcome>): Promise<ReadonlyArray<string>> {
    const taken = new Set<string>();
    for (const { node, digests } of this.#plan.nodes) {
      const state = outcomes.get(node.name)?.state;
      if (state !== "done" && state !== "cached") continue;
      for (const [output, kind] of Object.entries(node.stage.outputs as { readonly [output: string]: AnyKind })) {
        for (const file of kind.publish) {
          const own = `${node.name.replace(/[^\w.=,-]+/g, "-")}-${basename(file)}`;
          const name = taken.has(basename(file)) ? own : basename(file);
          taken.add(name);
          await cp(join(this.#plan.store.pathOf(kind, digests[output] as string), file), join(this.path, name), {
            recursive: true,
          });
        }
      }
    }
    return [...taken];
  }

  async #write(status: RunStatus, error: ErrorInfo | undefined): Promise<void> {
    const record = this.#record(status, error, status === "running" ? undefined : await this.#git);
    await makeFolder(this.path);
    await replaceFile(join(this.path, "run.json"), `${JSON.stringify(record, null, 2)}\n`);
  }

  #record(status: RunStatus, error: ErrorInfo | undefined, git: GitState | undefined): RunRecord {
    const { pipeline, numerics, store } = this.#plan;
    return {
      format: 1,
      id: this.id,
      pipeline: pipeline.name,
      file: relative(store.root, pipeline.file),
      status,
      pid: process.pid,
      startedAt: this.startedAt.toISOString(),
      finishedAt: status === "running" ? null : new Date().toISOString(),
      wallSeconds: this.wallSeconds,
      ...(error === undefined ? {} : { error }),
      numerics,
      versions: { ...versions, platform: `${process.platform}-${process.arch}` },
      environment: environment(),
      ...(git === undefined ? {} : { git }),
      ...(status === "running" ? {} : { peakRssBytes: peakRssBytes() }),
      nodes: this.#plan.nodes.map((planned) => this.#nodeRecord(planned, this.#outcomes.get(planned.node.name))),
    };
  }

  #nodeRecord(
    { node, key, digests, reason }: PlannedNode,
    outcome: NodeOutcome | undefined,
  ): RunRecord["nodes"][number] {
    const { store } = this.#plan;
    const outputs = Object.entries(node.stage.outputs as { readonly [output: string]: AnyKind });
    return {
      node: node.name,
      stage: node.stage.id,
      stageVersion: node.stage.version,
      ...(key.package === undefined ? {} : { package: key.package }),
      reason,
      ...(outcome ?? { state: "pending" as const }),
      config: node.config,
      ...(key.fingerprint === null ? {} : { fingerprint: key.fingerprint }),
      inputs: Object.fromEntries(
        Object.entries(node.inputs).map(([port, edges]) => [port, edges.map((edge) => `${edge.node}.${edge.output}`)]),
      ),
      outputs: Object.fromEntries(
        outputs.flatMap(([output, kind]) => {
          const digest = digests[output];
          if (digest === undefined) return [];
          return [[output, { kind: kind.name, digest, path: relative(store.root, store.pathOf(kind, digest)) }]];
        }),
      ),
    };
  }
}

/** Reads `run.json` of a run folder. */
export const readRun = (path: string): Effect.Effect<RunRecord, RunError> =>
  attempt(path, async () => JSON.parse(await readFileText(join(path, "run.json"))) as RunRecord);

/** Reads `summary.json` of a run folder; a run that was killed has none. */
export const readSummary = (path: string): Effect.Effect<Summary | undefined> =>
  attempt(path, async () => JSON.parse(await readFileText(join(path, "summary.json"))) as Summary).pipe(
    Effect.catch(() => Effect.succeed(undefined)),
  );

const attempt = <A>(path: string, operation: () => Promise<A>): Effect.Effect<A, RunError> =>
  Effect.tryPromise({
    try: operation,
    catch: (cause) => {
      const remedy = ioRemedy(cause);
      const message = `${path}: ${(cause as Error).message}`;
      return new RunError({ code: "E_IO", message, cause, ...(remedy === undefined ? {} : { remedy }) });
    },
  });
