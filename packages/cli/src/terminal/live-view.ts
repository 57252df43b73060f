/**
 * For a terminal: finished nodes scroll by as lines, running ones stay in a block that is redrawn in place: a bar, rate, ETA
 * and shards per node, and below them how many nodes are done, the time and the memory this process holds.
 */
import type { RunEvent } from "@precipice/runtime";
import { eventLines } from "./event-lines.ts";
import { labelsOf } from "./node-labels.ts";
import { Progress } from "./progress.ts";
import { collapsed } from "./skipped-text.ts";
import { bytes, columnsOf, cut, duration, type Painter } from "./text.ts";
import type { View } from "./view.ts";

const frameMs = 100;
const barWidth = 20;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
/** Terminals that know it show what lies between at once; the others ignore it. */
const beginFrame = "\u001b[?2026h";
const endFrame = "\u001b[?2026l";
/** Without wrapping a line of the block is one row whatever is in it. */
const noWrap = "\u001b[?7l";
const wrap = "\u001b[?7h";
const eraseLine = "\u001b[2K";
const eraseBelow = "\u001b[J";

const ends: ReadonlySet<RunEvent["type"]> = new Set([
  "node.cached",
  "node.done",
  "node.failed",
  "node.blocked",
  "node.skipped",
  "node.interrupted",
]);

export class LiveView implements View {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Painter;
  readonly #memoryBytes: () => number;
  readonly #running = new Map<string, Progress>();
  readonly #lastDurations = new Map<string, number | null>();
  readonly #ended = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  /** Nodes that lines name. */
  #names: ReadonlyArray<string> = [];
  #labels = labelsOf([]);
  /** Skipped nodes are told in groups when the run starts. */
  #grouped = false;
  /** The block on the screen: as written, and the columns each line takes. */
  #drawn: { readonly text: string; readonly columns: ReadonlyArray<number> } = { text: "", columns: [] };
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, paint: Painter, memoryBytes: () => number = () => process.memoryUsage.rss()) {
    this.#stream = stream;
    this.#paint = paint;
    this.#memoryBytes = memoryBytes;
    this.#timer = setInterval(this.#redraw, frameMs);
    this.#timer.unref();
    stream.on("resize", this.#resized);
    stream.write(hideCursor);
  }

  readonly onEvent = (event: RunEvent): void => {
    if ("node" in event && ends.has(event.type)) {
      this.#running.delete(event.node);
      this.#ended.add(event.node);
    }
    switch (event.type) {
      case "run.started":
        for (const { node, lastDurationMs } of event.nodes) this.#lastDurations.set(node, lastDurationMs);
        this.#grouped = collapsed(event.nodes).length > 0;
        this.#names = event.nodes
          .filter(({ status }) => !this.#grouped || status !== "skipped")
          .map(({ node }) => node);
        this.#label();
        break;
      case "node.skipped":
        if (this.#grouped) return;
        break;
      case "node.started": {
        const last = this.#lastDurations.get(event.node) ?? null;
        this.#running.set(event.node, new Progress(event.stage, performance.now(), last));
        this.#redraw();
        return;
      }
      case "node.shard":
        this.#running.get(event.node)?.shard(event);
        return;
      case "node.progress":
        this.#running.get(event.node)?.update(event);
        // A stage that computes without a pause keeps the timer from firing: its progress calls draw instead.
        if (performance.now() - this.#drawnMs >= frameMs) this.#redraw();
        return;
      default:
        break;
    }
    this.#draw(eventLines(event, this.#labels, this.#paint));
  };

  readonly close = (): void => {
    clearInterval(this.#timer);
    this.#stream.off("resize", this.#resized);
    this.#running.clear();
    this.#draw([]);
    this.#stream.write(showCursor);
  };

  readonly #redraw = (): void => this.#draw([]);

  readonly #resized = (): void => {
    this.#label();
    this.#redraw();
  };

  #label(): void {
    this.#labels = labelsOf(this.#names, this.#stream.columns || 80);
  }

  /** Replaces the block by `lines` and the block anew, in one write; a block that did not change is left alone. */
  #draw(lines: ReadonlyArray<string>): void {
    const nowMs = performance.now();
    const block = this.#block(nowMs);
    const text = block.map(({ shown }) => `${eraseLine}${shown}\n`).join("");
    if (lines.length === 0 && text === this.#drawn.text) return;
    const up = this.#rowsDrawn();
    const kept = lines.length === 0 ? "" : `${eraseBelow}${lines.map((line) => `${line}\n`).join("")}`;
    const body = text === "" ? "" : `${noWrap}${text}${wrap}`;
    this.#stream.write(`${beginFrame}${up > 0 ? `\u001b[${up}A` : ""}${kept}${body}${eraseBelow}${endFrame}`);
    this.#drawn = { text, columns: block.map(({ columns }) => columns) };
    this.#drawnMs = nowMs;
  }

  /** Rows of the screen the block takes now: a terminal that became narrower has wrapped its lines. */
  #rowsDrawn(): number {
    const width = this.#stream.columns || 80;
    const rows = this.#drawn.columns.reduce((sum, columns) => sum + Math.max(1, Math.ceil(columns / width)), 0);
    return Math.min(rows, (this.#stream.rows || 24) - 1);
  }

  /** A line per running node and one for all of them, never more than the screen has rows. */
  #block(nowMs: number): ReadonlyArray<{ readonly shown: string; readonly columns: number }> {
    if (this.#running.size === 0) return [];
    const columns = (this.#stream.columns || 80) - 1;
    const most = Math.max(1, (this.#stream.rows || 24) - 3);
    const nodes = [...this.#running];
    const lines = nodes.slice(0, most).map(([node, progress]) => this.#line(node, progress, nowMs, columns));
    const hidden = nodes.length - lines.length;
    const parts = [
      `${nodes.length} running${hidden > 0 ? ` (${hidden} not shown)` : ""}`,
      `${this.#ended.size} of ${Math.max(this.#lastDurations.size, this.#ended.size + nodes.length)} nodes done`,
      duration(nowMs - this.#startedMs),
      `${bytes(this.#memoryBytes())} of memory`,
    ];
    const footer = cut(`  ${parts.join("  ")}`, columns);
    return [...lines, { shown: this.#paint("dim", footer), columns: columnsOf(footer) }];
  }

  /** Cut to the terminal's width before it is coloured. */
  #line(node: string, progress: Progress, nowMs: number, columns: number) {
    const { fraction } = progress;
    const full = Math.round((fraction ?? 0) * barWidth);
    const bar = fraction === undefined ? "·".repeat(barWidth) : "█".repeat(full) + "░".repeat(barWidth - full);
    const name = this.#labels.of(node).padEnd(this.#labels.width);
    const percent = fraction === undefined ? "    " : `${Math.floor(fraction * 100)}%`.padStart(4);
    const texts = progress.texts(nowMs);
    const [whole = "", plain = whole, least = plain] = texts;
    const room = columns - columnsOf(`  ${name}  ${bar} ${percent}  `);
    // rate and time left tell more than a bar: where both do not fit, the bar goes first
    if (columnsOf(plain) <= room) {
      const rest = cut(whole, room);
      const shown = `  ${name}  ${this.#paint("cyan", bar)} ${percent}  ${rest}`;
      return { shown, columns: columns - room + columnsOf(rest) };
    }
    const wide = columns - columnsOf(`  ${name} ${percent}  `);
    const rest = texts.find((text) => columnsOf(text) <= wide) ?? least;
    const line = cut(`  ${name} ${percent}  ${rest}`, columns);
    return { shown: line, columns: columnsOf(line) };
  }
}
