/** For logs and pipes: one plain line per event, progress every few seconds. */
import type { RunEvent } from "@precipice/runtime";
import { eventLines } from "./event-lines.ts";
import { labelsOf } from "./node-labels.ts";
import { Progress } from "./progress.ts";
import { collapsed } from "./skipped-text.ts";
import type { Painter } from "./text.ts";
import type { View } from "./view.ts";

const progressGapMs = 5000;

export class LineView implements View {
  readonly #stream: NodeJS.WritableStream;
  readonly #paint: Painter;
  readonly #running = new Map<string, { readonly progress: Progress; shownMs: number }>();
  #labels = labelsOf([]);
  /** Skipped nodes are told in groups when the run starts. */
  #grouped = false;

  constructor(stream: NodeJS.WritableStream, paint: Painter) {
    this.#stream = stream;
    this.#paint = paint;
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.type === "run.started") {
      this.#grouped = collapsed(event.nodes).length > 0;
      const named = this.#grouped ? event.nodes.filter(({ status }) => status !== "skipped") : event.nodes;
      this.#labels = labelsOf(named.map(({ node }) => node));
    }
    if (event.type === "node.skipped" && this.#grouped) return;
    const nowMs = performance.now();
    if (event.type === "node.started") {
      this.#running.set(event.node, { progress: new Progress(event.stage, nowMs, null), shownMs: nowMs });
    }
    if (event.type === "node.shard") this.#running.get(event.node)?.progress.shard(event);
    if (event.type === "node.progress") this.#progress(event, nowMs);
    for (const line of eventLines(event, this.#labels, this.#paint)) this.#stream.write(`${line}\n`);
  };

  readonly close = (): void => undefined;

  #progress(event: Extract<RunEvent, { type: "node.progress" }>, nowMs: number): void {
    const running = this.#running.get(event.node);
    if (running === undefined) return;
    running.progress.update(event);
    if (nowMs - running.shownMs < progressGapMs) return;
    running.shownMs = nowMs;
    const name = this.#labels.of(event.node).padEnd(this.#labels.width);
    this.#stream.write(`  ${name}  ${running.progress.text(nowMs)}\n`);
  }
}
