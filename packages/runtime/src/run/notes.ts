/** What a stage notes while it runs, for its log and for the results it makes. */
import * as Effect from "effect/Effect";
import type { Origin } from "../artifact/manifest.ts";

export interface Notes {
  readonly note: (message: string) => Effect.Effect<void>;
  /** All of them, as an artifact's origin has them; no field where there are none. */
  readonly notes: () => Pick<Origin, "notes">;
}

/** Each note goes to `log` too. */
export const keepNotes = (log: (message: string) => Effect.Effect<void>): Notes => {
  const kept: Array<string> = [];
  return {
    note: (message) =>
      Effect.andThen(
        Effect.sync(() => kept.push(message)),
        log(message),
      ),
    notes: () => (kept.length === 0 ? {} : { notes: [...kept] }),
  };
};
