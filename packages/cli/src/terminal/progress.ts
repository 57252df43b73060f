/** How far a running node is, how fast, and how long it will still take. */
import type { RunEvent } from "@precipice/runtime";
import { duration, printable, short } from "./text.ts";

export class Progress {
  readonly stage: string;
  readonly #startedMs: number;
  readonly #lastDurationMs: number | null;
  #latest: Extract<RunEvent, { type: "node.progress" }> | undefined;

  constructor(stage: string, startedMs: number, lastDurationMs: number | null) {
    this.stage = stage;
    this.#startedMs = startedMs;
    this.#lastDurationMs = lastDurationMs;
  }

  update(event: Extract<RunEvent, { type: "node.progress" }>): void {
    this.#latest = event;
  }

  /** 0 to 1, `undefined` before anything is known. */
  get fraction(): number | undefined {
    if (this.#latest === undefined || this.#latest.total <= 0) return undefined;
    return Math.min(1, Math.max(0, this.#latest.done / this.#latest.total));
  }

  /** `40/160 rows  12.3 rows/s  ETA 9.8 s  detail`, or the time so far. */
  text(nowMs: number): string {
    const elapsedMs = nowMs - this.#startedMs;
    const latest = this.#latest;
    if (latest === undefined) {
      const last = this.#lastDurationMs === null ? "" : ` of about ${duration(this.#lastDurationMs)}`;
      return `${duration(elapsedMs)}${last}`;
    }
    const { done, total, detail } = latest;
    const unit = latest.unit === undefined ? "" : ` ${printable(latest.unit)}`;
    const parts = [`${short(done)}/${short(total)}${unit}`];
    const perSecond = elapsedMs > 0 ? (1000 * done) / elapsedMs : 0;
    if (perSecond > 0) {
      parts.push(`${short(Number(perSecond.toPrecision(3)))}${unit}/s`);
      if (done < total) parts.push(`ETA ${duration((1000 * (total - done)) / perSecond)}`);
    }
    if (detail !== undefined) parts.push(printable(detail));
    return parts.join("  ");
  }
}
