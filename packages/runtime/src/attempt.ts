/** The border between a stage's Effect and the promises it calls: typed failure, and interruption as an AbortSignal. */
import * as Effect from "effect/Effect";
import { StageError } from "./errors.ts";

/** The stable code of a tagged error: `CheckpointError` → `E_CHECKPOINT`, `NonFiniteLoss` → `E_NON_FINITE_LOSS`. */
export const errorCode = (error: unknown): string | undefined => {
  const tag = (error as { readonly _tag?: unknown } | null | undefined)?._tag;
  if (typeof tag !== "string") return undefined;
  const name = tag.replace(/(?<=.)Error$/, "");
  return `E_${name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()}`;
};

/** Anything a library throws, as a `StageError` that keeps its message. */
export const asStageError = (cause: unknown): StageError => {
  if (cause instanceof StageError) return cause;
  const code = errorCode(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StageError({ message, ...(code === undefined ? {} : { code }), cause });
};

/** Run a promise or a plain function; interrupting the stage aborts `signal`. */
export const attempt = <A>(run: (signal: AbortSignal) => Promise<A> | A): Effect.Effect<A, StageError> =>
  Effect.tryPromise({ try: async (signal) => run(signal), catch: asStageError });
