/**
 * Places for rows that are written at once. All other rows wait here, where they cost a few bytes and can leave, and come in by turns
 * over clients. No connection may have all the places: a small request of another one finds some at once.
 */
import { type ClientPath, FairQueue } from "./fair-queue.ts";

interface Waiting {
  readonly owner: string;
  readonly enter: () => void;
}

export class Slots {
  readonly #places: number;
  readonly #each: number;
  readonly #queue = new FairQueue<Waiting>();
  readonly #held = new Map<string, number>();
  #used = 0;

  constructor(places: number) {
    this.#places = places;
    this.#each = Math.max(1, places - Math.ceil(places / 8));
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Waits for a place; the answer gives it back. Rejects with the signal's reason once it is aborted. */
  async enter(client: ClientPath, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const owner = client.join("\n");
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        owner,
        enter: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = () => {
        this.#queue.remove(client, waiting);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#queue.push(client, waiting);
      this.#fill();
    });
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#used--;
      const held = (this.#held.get(owner) ?? 1) - 1;
      if (held === 0) this.#held.delete(owner);
      else this.#held.set(owner, held);
      this.#fill();
    };
  }

  #fill(): void {
    while (this.#used < this.#places) {
      const next = this.#queue.take(({ owner }) => (this.#held.get(owner) ?? 0) < this.#each);
      if (next === undefined) return;
      this.#used++;
      this.#held.set(next.owner, (this.#held.get(next.owner) ?? 0) + 1);
      next.enter();
    }
  }
}
