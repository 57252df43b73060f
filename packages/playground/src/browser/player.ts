/** Shows runs at a reading pace: the model writes faster than one can watch. */
import type { Run } from "./run.ts";

/** Between two words. */
const INTERVAL_MS = 28;

export class Player {
  readonly #changed: () => void;
  /** When the first tokens of each run came; undefined before. */
  readonly #started = new Map<Run, number | undefined>();
  #frame = 0;

  /** `changed` is called at most once a frame. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Shows what there is of these runs and plays the rest; others stop where they are. */
  watch(runs: ReadonlyArray<Run>): void {
    for (const run of this.#started.keys()) if (!runs.includes(run)) this.#started.delete(run);
    for (const run of runs) if (!this.#started.has(run)) this.#started.set(run, undefined);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#advance(now);
    });
  }

  #advance(now: number): void {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let going = false;
    for (const [run, known] of this.#started) {
      const started = run.tokens.length === 0 ? undefined : (known ?? now);
      this.#started.set(run, started);
      const due =
        still || started === undefined
          ? run.tokens.length
          : run.promptLength + 1 + Math.floor((now - started) / INTERVAL_MS); // the first at once
      run.shown = Math.max(run.shown, Math.min(run.tokens.length, due));
      if (run.status === "running" || run.shown < run.tokens.length) going = true;
    }
    this.#changed();
    if (going) this.#schedule();
  }
}
