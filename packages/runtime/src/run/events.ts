/**
 * What happens during a run, as data. The terminal view, plain logs, `--json` and `events.jsonl` all read this one stream.
 */
import type { ShardInfo } from "../shards/map-rows.ts";
import type { Work } from "../shards/row-work.ts";

/** An error as recorded: causes stay out, they may hold anything. */
export interface ErrorInfo {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  /** First frames, for defects only: they say where the bug is. */
  readonly stack?: ReadonlyArray<string>;
}

export type RunStatus = "running" | "ok" | "failed" | "interrupted";
export type NodeState = "cached" | "done" | "failed" | "blocked" | "interrupted" | "skipped";

type Event =
  | {
      readonly type: "run.started";
      readonly run: string;
      readonly path: string;
      readonly pipeline: string;
      readonly nodes: ReadonlyArray<{
        readonly node: string;
        readonly stage: string;
        readonly status: "cached" | "run" | "blocked" | "skipped";
        readonly reason: string;
        readonly lastDurationMs: number | null;
      }>;
    }
  | { readonly type: "node.cached"; readonly node: string; readonly reason: string; readonly failures?: number }
  | { readonly type: "node.started"; readonly node: string; readonly stage: string; readonly reason: string }
  | {
      readonly type: "node.progress";
      readonly node: string;
      readonly done: number;
      readonly total: number;
      readonly unit?: string;
      readonly detail?: string;
      readonly work?: Work;
      /** Memory this process holds, all nodes together. */
      readonly rssBytes: number;
    }
  | {
      /** Another run computes this very result: this one waits for it. */
      readonly type: "node.waiting";
      readonly node: string;
      /** Who, for people. */
      readonly holder: string;
    }
  | ({ readonly type: "node.shard"; readonly node: string } & ShardInfo)
  | { readonly type: "node.log"; readonly node: string; readonly message: string }
  | { readonly type: "node.done"; readonly node: string; readonly durationMs: number; readonly failures?: number }
  | { readonly type: "node.failed"; readonly node: string; readonly durationMs: number; readonly error: ErrorInfo }
  | { readonly type: "node.blocked"; readonly node: string; readonly reason: string }
  | { readonly type: "node.skipped"; readonly node: string; readonly reason: string }
  | { readonly type: "node.interrupted"; readonly node: string }
  | {
      readonly type: "run.finished";
      readonly run: string;
      readonly path: string;
      readonly status: RunStatus;
      readonly wallSeconds: number;
      readonly error?: ErrorInfo;
    };

/** `at` is an ISO 8601 time. */
export type RunEvent = Event & { readonly at: string };
/** An event before it is stamped. */
export type RunEventBody = Event;
