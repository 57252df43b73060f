/** For a terminal: finished nodes scroll by as lines, running ones stay in a block that is redrawn in place. */
import type { RunEvent } from "@precipice/runtime";
import { eventLines, nameWidth } from "./event-lines.ts";
import { Progress } from "./progress.ts";
import { cut, type Painter, printable } from "./text.ts";
import type { View } from "./view.ts";

const frameMs = 100;
const barWidth = 20;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

export class LiveView implements View {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Painter;
  readonly #running = new Map<string, Progress>();
  readonly #lastDurations = new Map<string, number | null>();
  readonly #timer: NodeJS.Timeout;
  #width = 0;
  #blockLines = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, paint: Painter) {
    this.#stream = stream;
    this.#paint = paint;
    this.#timer = setInterval(() => this.#draw([]), frameMs);
    this.#timer.unref();
    stream.write(hideCursor);
  }

  readonly onEvent = (event: RunEvent): void => {
    this.#width = Math.max(this.#width, nameWidth(event));
    switch (event.type) {
      case "run.started":
        for (const { node, lastDurationMs } of event.nodes) this.#lastDurations.set(node, lastDurationMs);
        break;
      case "node.started": {
        const last = this.#lastDurations.get(event.node) ?? null;
        this.#running.set(event.node, new Progress(event.stage, performance.now(), last));
        this.#draw([]);
        return;
      }
      case "node.progress":
        this.#running.get(event.node)?.update(event);
        // A stage that computes without a pause keeps the timer from firing: its progress calls draw instead.
        if (performance.now() - this.#drawnMs >= frameMs) this.#draw([]);
        return;
      case "node.done":
      case "node.failed":
      case "node.interrupted":
        this.#running.delete(event.node);
        break;
      default:
        break;
    }
    this.#draw(eventLines(event, this.#width, this.#paint));
  };

  readonly close = (): void => {
    clearInterval(this.#timer);
    this.#running.clear();
    this.#draw([]);
    this.#stream.write(showCursor);
  };

  /** Replaces the block by `lines` and the block anew, in one write so that nothing flickers. */
  #draw(lines: ReadonlyArray<string>): void {
    const nowMs = performance.now();
    const block = [...this.#running].map(([node, progress]) => this.#line(node, progress, nowMs));
    if (block.length === 0 && lines.length === 0 && this.#blockLines === 0) return;
    const erase = this.#blockLines > 0 ? `\u001b[${this.#blockLines}A\u001b[J` : "";
    this.#stream.write(erase + [...lines, ...block].map((line) => `${line}\n`).join(""));
    this.#blockLines = block.length;
    this.#drawnMs = nowMs;
  }

  /** Cut to the terminal's width before it is coloured: a wrapped line would break the redraw. */
  #line(node: string, progress: Progress, nowMs: number): string {
    const columns = (this.#stream.columns || 80) - 1;
    const { fraction } = progress;
    const full = Math.round((fraction ?? 0) * barWidth);
    const bar = fraction === undefined ? "·".repeat(barWidth) : "█".repeat(full) + "░".repeat(barWidth - full);
    const name = printable(node).padEnd(this.#width);
    const percent = fraction === undefined ? "    " : `${Math.floor(fraction * 100)}%`.padStart(4);
    const head = `  ${name}  ${bar} ${percent}  `;
    if (head.length >= columns) return cut(`  ${name}  ${percent}`, columns);
    return `  ${name}  ${this.#paint("cyan", bar)} ${percent}  ${cut(progress.text(nowMs), columns - head.length)}`;
  }
}
