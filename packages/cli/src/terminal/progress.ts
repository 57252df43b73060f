/** How far a running node is, how fast, and how long it will still take. */
import type { RunEvent } from "@precipice/runtime";
import { bytes, duration, printable, short } from "./text.ts";

type Amount = Pick<Extract<RunEvent, { type: "node.progress" }>, "done" | "total" | "unit" | "detail" | "work">;

export class Progress {
  readonly stage: string;
  readonly #startedMs: number;
  readonly #lastDurationMs: number | null;
  readonly #shards = { of: 0, seen: new Set<number>() };
  #from: { readonly done: number; readonly ms: number } | undefined;
  /** Where finer work, such as tokens, began to be told. */
  #workFrom: { readonly done: number; readonly ms: number } | undefined;
  #latest: Amount | undefined;

  constructor(stage: string, startedMs: number, lastDurationMs: number | null) {
    this.stage = stage;
    this.#startedMs = startedMs;
    this.#lastDurationMs = lastDurationMs;
  }

  update(event: Amount, nowMs = performance.now()): void {
    // of a download that goes on, what was there already says nothing about the rate
    if (event.unit !== "bytes") this.#from = undefined;
    else this.#from ??= { done: event.done, ms: nowMs };
    if (event.work !== undefined) this.#workFrom ??= { done: event.work.done, ms: nowMs };
    this.#latest = event;
  }

  /** A second mapping of the same stage begins to count anew. */
  shard({ index, of }: { readonly index: number; readonly of: number }): void {
    const { seen } = this.#shards;
    if (of !== this.#shards.of || seen.has(index)) seen.clear();
    this.#shards.of = of;
    seen.add(index);
  }

  /** 0 to 1, `undefined` before anything is known. */
  get fraction(): number | undefined {
    if (this.#latest === undefined || this.#latest.total <= 0) return undefined;
    return Math.min(1, Math.max(0, this.#latest.done / this.#latest.total));
  }

  /** `40/160 rows  12.3 rows/s  ETA 9.8 s  shard 2/8  detail`, `1.27 GB/3.09 GB  45.0 MB/s  ETA 40.4 s  file`, or the time so far. */
  text(nowMs: number): string {
    return this.texts(nowMs)[0] as string;
  }

  /** The same, shorter and shorter: without shard and detail, then without the rate. */
  texts(nowMs: number): ReadonlyArray<string> {
    const elapsedMs = nowMs - this.#startedMs;
    const latest = this.#latest;
    if (latest === undefined) {
      const last = this.#lastDurationMs === null ? "" : ` of about ${duration(this.#lastDurationMs)}`;
      return [`${duration(elapsedMs)}${last}`];
    }
    const { done, total, detail } = latest;
    const unit = latest.unit === undefined ? "" : ` ${printable(latest.unit)}`;
    const isBytes = latest.unit === "bytes";
    const amount = isBytes
      ? `${bytes(done)}/${bytes(total)}`
      : `${short(done)}${total > 0 ? `/${short(total)}` : ""}${unit}`;
    const rate: string[] = [];
    const left: string[] = [];
    const more: string[] = [];
    const from = this.#from ?? { done: 0, ms: this.#startedMs };
    const perSecond = nowMs > from.ms ? (1000 * (done - from.done)) / (nowMs - from.ms) : 0;
    if (perSecond > 0) {
      rate.push(isBytes ? `${bytes(perSecond)}/s` : `${short(Number(perSecond.toPrecision(3)))}${unit}/s`);
      const leftMs = this.#leftMs(nowMs) ?? (1000 * (total - done)) / perSecond;
      if (done < total) left.push(`ETA ${duration(leftMs)}`);
    }
    const { of, seen } = this.#shards;
    if (of > 0) more.push(`shard ${seen.size}/${of}`);
    if (detail !== undefined) more.push(printable(detail));
    return [
      [amount, ...rate, ...left, ...more],
      [amount, ...rate, ...left],
      [amount, ...left],
    ].map((parts) => parts.join("  "));
  }

  /** By the finer work, where it is told; rows that end together make the rate of rows a poor guide. */
  #leftMs(nowMs: number): number | undefined {
    const work = this.#latest?.work;
    if (work === undefined || work.done === 0) return undefined;
    const told = this.#workFrom;
    const from =
      told !== undefined && work.done > told.done && nowMs > told.ms ? told : { done: 0, ms: this.#startedMs };
    return (work.left * (nowMs - from.ms)) / (work.done - from.done);
  }
}
