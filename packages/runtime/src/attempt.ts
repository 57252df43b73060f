/** The border between a stage's Effect and the promises it calls: typed failure, and interruption as an AbortSignal. */
import * as Effect from "effect/Effect";
import { StageError } from "./errors.ts";

/** Anything a library throws, as a `StageError` that keeps its message. */
export const asStageError = (cause: unknown): StageError => {
  if (cause instanceof StageError) return cause;
  const tag = (cause as { _tag?: unknown } | null)?._tag;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StageError({
    message,
    ...(typeof tag === "string" ? { code: `E_${tag.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase()}` } : {}),
    cause,
  });
};

/** Run a promise or a plain function; interrupting the stage aborts `signal`. */
export const attempt = <A>(run: (signal: AbortSignal) => Promise<A> | A): Effect.Effect<A, StageError> =>
  Effect.tryPromise({ try: async (signal) => run(signal), catch: asStageError });
