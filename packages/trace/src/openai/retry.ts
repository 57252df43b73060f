/**
 * When to try a request again: exponential back-off with full jitter, so that many clients that failed
 * together do not come back together, and never sooner than the server asked for.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { isTransient, type ServerError, withMessage } from "./server-error.ts";

export interface RetryPolicy {
  /** Tries after the first. */
  readonly retries: number;
  /** Longest wait before the first retry; doubles with each. */
  readonly firstDelayMs: number;
  /** The doubling stops here. What a server asks for may be longer, up to `maxRetryAfterMs`: beyond it the request fails. */
  readonly maxDelayMs: number;
  readonly maxRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  retries: 6,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 300_000,
};

/** Milliseconds before retry `attempt` (from 0); `jitter` is uniform in [0, 1). */
export const retryDelayMs = (
  attempt: number,
  jitter: number,
  retryAfterMs: number | null,
  policy: RetryPolicy = defaultRetryPolicy,
): number => {
  const ceiling = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** attempt);
  // at least a tenth: a wait of nothing is no back-off
  const backOff = ceiling * (0.1 + 0.9 * jitter);
  return retryAfterMs === null ? backOff : Math.min(policy.maxRetryAfterMs, retryAfterMs) + backOff * 0.1;
};

/** `Retry-After` (RFC 9110: seconds or an HTTP date) or `retry-after-ms`, in milliseconds; null when absent or unreadable. */
export const readRetryAfterMs = (
  headers: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): number | null => {
  const inMs = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(inMs) && inMs >= 0) return inMs;
  const value = headers["retry-after"]?.trim();
  if (value === undefined || value === "") return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : null;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
};

const tooLong = (error: ServerError, asked: number, { maxRetryAfterMs }: RetryPolicy): ServerError =>
  withMessage(
    error,
    `${error.message} (it asks to wait ${Math.ceil(asked / 1000)} s; at most ${maxRetryAfterMs / 1000} s are waited, so run again later)`,
  );

/**
 * Repeats `request` while it fails in a way that may pass; fails with the last error, at once where the server asks for a longer
 * wait than `maxRetryAfterMs`. `onWait` is told of each wait before it begins.
 */
export const withRetries = <A, R>(
  request: Effect.Effect<A, ServerError, R>,
  policy: RetryPolicy = defaultRetryPolicy,
  onWait: (ms: number, error: ServerError) => Effect.Effect<void> = () => Effect.void,
): Effect.Effect<A, ServerError, R> => {
  const attempt = (done: number): Effect.Effect<A, ServerError, R> =>
    request.pipe(
      Effect.catch((error) =>
        done >= policy.retries || !isTransient(error)
          ? Effect.fail(error)
          : (error.retryAfterMs ?? 0) > policy.maxRetryAfterMs
            ? Effect.fail(tooLong(error, error.retryAfterMs ?? 0, policy))
            : Random.next.pipe(
                Effect.flatMap((jitter) => {
                  const ms = retryDelayMs(done, jitter, error.retryAfterMs, policy);
                  return Effect.andThen(onWait(ms, error), Effect.sleep(ms));
                }),
                Effect.andThen(Effect.suspend(() => attempt(done + 1))),
              ),
      ),
    );
  return attempt(0);
};

export const nowMs: Effect.Effect<number> = Clock.currentTimeMillis;
