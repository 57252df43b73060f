/** How a run stands, folded from its events: the same for a page that is drawn once and for one that follows. */
import type { RunEvent } from "@precipice/runtime";
import { eventLines } from "../terminal/event-lines.ts";
import { Progress } from "../terminal/progress.ts";
import { bytesText, duration, printable } from "../terminal/text.ts";
import type { NodeLine } from "./live-line.ts";

interface NodeState {
  state: string;
  note: string;
  progress: Progress | undefined;
  durationMs: number | undefined;
  fromMs: number | null;
  toMs: number | null;
}

/** What a record says of a node before any event is read. */
export interface RecordedNode {
  readonly node: string;
  readonly state: string;
  readonly reason: string;
  readonly durationMs?: number;
}

/** Lines of the log that are kept. */
const keptLines = 500;

export class RunState {
  readonly #nodes = new Map<string, NodeState>();
  readonly #lastDurationMs = new Map<string, number | null>();
  readonly #startedMs: number;
  #lastMs: number;
  #rssBytes = 0;
  #logged = 0;
  #log: Array<string> = [];
  /** From `run.finished`; `undefined` until then. */
  finished: string | undefined;

  constructor(startedMs: number, nodes: ReadonlyArray<RecordedNode>) {
    this.#startedMs = startedMs;
    this.#lastMs = startedMs;
    for (const { node, state, reason, durationMs } of nodes)
      this.#nodes.set(node, { state, note: reason, progress: undefined, durationMs, fromMs: null, toMs: null });
  }

  apply(event: RunEvent): void {
    const at = Date.parse(event.at);
    const ms = (Number.isFinite(at) ? at : this.#lastMs) - this.#startedMs;
    this.#lastMs = Math.max(this.#lastMs, this.#startedMs + ms);
    const lines = event.type === "run.started" ? [] : eventLines(event, { width: 0, of: printable }, (_, text) => text);
    for (const line of lines) this.#say(line);
    if (event.type === "run.finished") this.finished = event.status;
    if (event.type === "run.started") {
      for (const { node, lastDurationMs } of event.nodes) this.#lastDurationMs.set(node, lastDurationMs);
    }
    if (!("node" in event)) return;
    const node = this.#nodes.get(event.node);
    if (node !== undefined) this.#change(node, event, ms);
  }

  #change(node: NodeState, event: Extract<RunEvent, { node: string }>, ms: number): void {
    const end = (state: string, note?: string): void => {
      node.state = state;
      node.toMs = node.fromMs === null ? null : ms;
      node.progress = undefined;
      if (note !== undefined) node.note = note;
      if ("durationMs" in event) node.durationMs = event.durationMs;
    };
    switch (event.type) {
      case "node.started":
        node.state = "running";
        node.note = event.reason;
        node.fromMs = ms;
        node.toMs = null;
        node.progress = new Progress(event.stage, this.#startedMs + ms, this.#lastDurationMs.get(event.node) ?? null);
        return;
      case "node.progress":
        this.#rssBytes = event.rssBytes;
        node.progress?.update(event, this.#startedMs + ms);
        return;
      case "node.shard":
        node.progress?.shard(event);
        return;
      case "node.waiting":
        node.state = "waiting";
        node.note = `${event.holder} is making it`;
        return;
      case "node.cached":
        end("cached", event.reason);
        return;
      case "node.done":
        end("done");
        return;
      case "node.failed":
        end("failed", `${event.error.code} ${event.error.message}`);
        return;
      case "node.blocked":
      case "node.skipped":
        end(event.type.slice("node.".length), event.reason);
        return;
      case "node.interrupted":
        end("interrupted");
        return;
    }
  }

  #say(line: string): void {
    this.#log.push(line.trim());
    this.#logged += 1;
    if (this.#log.length > keptLines) this.#log = this.#log.slice(-keptLines);
  }

  /** Lines of the log after the first `seen` ones, as far as they are kept, and how many there have been. */
  log(seen = 0): { readonly lines: ReadonlyArray<string>; readonly seen: number } {
    return { lines: this.#log.slice(Math.max(0, this.#log.length - (this.#logged - seen))), seen: this.#logged };
  }

  /** How long the run has gone on; a run that is over has gone on until its last event. */
  spanMs(nowMs: number, live: boolean): number {
    return Math.max(1, (live && this.finished === undefined ? nowMs : this.#lastMs) - this.#startedMs);
  }

  /** `live`: times go on running. */
  lines(nowMs: number, live: boolean): ReadonlyArray<NodeLine> {
    const now = this.spanMs(nowMs, live);
    return [...this.#nodes].map(([name, { state, note, progress, durationMs, fromMs, toMs }]): NodeLine => {
      const busy = state === "running" && live;
      const took = durationMs ?? (busy && fromMs !== null ? now - fromMs : undefined);
      return {
        node: name,
        state: state === "running" && !live ? "cut off" : state,
        took: took === undefined || state === "cached" ? "" : duration(took),
        note: busy && progress !== undefined ? progress.text(this.#startedMs + now) : note,
        fraction: busy ? (progress?.fraction ?? null) : null,
        fromMs,
        toMs: toMs ?? (fromMs === null ? null : now),
      };
    });
  }

  /** `12 of 45 nodes over, 2 running, 3 m 05 s, 1.20 GB of memory`. */
  summary(nowMs: number, live: boolean): string {
    const states = [...this.#nodes.values()].map(({ state }) => state);
    const over = states.filter((state) => !["pending", "running", "waiting"].includes(state)).length;
    const running = states.filter((state) => state === "running").length;
    return [
      `${over} of ${states.length} nodes over`,
      ...(live && running > 0 ? [`${running} running`] : []),
      duration(this.spanMs(nowMs, live)),
      ...(live && this.#rssBytes > 0 ? [`${bytesText(this.#rssBytes)} of memory`] : []),
    ].join(", ");
  }
}
