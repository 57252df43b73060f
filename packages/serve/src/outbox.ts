/**
 * Answers on their way to clients that may read slowly or not at all. A stream waits for its reader; who takes nothing for a while is
 * dropped, and so is who has waited longest when all that waits is too much.
 */
import type { ServerResponse } from "node:http";

export interface OutboxLimits {
  /** Most bytes that wait for readers, of all answers together. */
  readonly bytes: number;
  /** How long a reader may take nothing. */
  readonly stallMs: number;
}

export class Outbox {
  readonly #limits: OutboxLimits;
  /** Whole answers that have not left, the oldest first. */
  readonly #waiting = new Map<ServerResponse, number>();
  #bytes = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** Bytes of whole answers that wait for their readers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The whole or the rest of an answer. */
  end(response: ServerResponse, text: string): void {
    response.end(text);
    if (response.writableFinished || response.destroyed) return;
    const bytes = Buffer.byteLength(text);
    this.#waiting.set(response, bytes);
    this.#bytes += bytes;
    const stopWatching = this.#watch(response);
    const over = () => {
      stopWatching();
      if (this.#waiting.delete(response)) this.#bytes -= bytes;
    };
    response.once("finish", over);
    response.once("close", over);
    while (this.#bytes > this.#limits.bytes) {
      const [oldest] = this.#waiting.keys();
      if (oldest === undefined) return;
      this.#bytes -= this.#waiting.get(oldest) ?? 0;
      this.#waiting.delete(oldest);
      oldest.destroy();
    }
  }

  /** A piece of a stream; resolves when the next may come, or when the signal says that none will. */
  async write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
    if (response.write(text)) return;
    const stopWatching = this.#watch(response);
    try {
      await new Promise<void>((resolve) => {
        const over = () => {
          response.off("drain", over);
          signal.removeEventListener("abort", over);
          resolve();
        };
        response.once("drain", over);
        signal.addEventListener("abort", over, { once: true });
        if (signal.aborted) over();
      });
    } finally {
      stopWatching();
    }
  }

  /** Drops a reader that takes nothing for `stallMs`. */
  #watch(response: ServerResponse): () => void {
    let before = Number.POSITIVE_INFINITY;
    const timer = setInterval(() => {
      const waits = response.socket?.writableLength ?? 0;
      if (waits >= before) response.destroy();
      before = waits;
    }, this.#limits.stallMs);
    timer.unref();
    return () => clearInterval(timer);
  }
}
