/** Bodies read piece by piece and only as far as they are needed: bounded in bytes here, in seconds by the client. */
import * as Effect from "effect/Effect";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Stream from "effect/Stream";
import { ServerError, serverError } from "./server-error.ts";

/** An answer of a hundred thousand tokens as a stream with log probabilities fits well. */
export const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Of an error's body: the message stands at its beginning. */
const MAX_ERROR_BYTES = 64 * 2 ** 10;
/** For an error's body: the status is known already, and need not wait for a body that drips. */
const MAX_ERROR_MS = 10_000;

/**
 * Gives the body's text to `take` as it comes, until that returns false. What `take` throws as a `ServerError` fails the
 * reading; so do bytes that are no UTF-8, and more than `limit` of them.
 */
export const readText = (
  response: HttpClientResponse,
  where: string,
  take: (text: string) => boolean,
  limit: number = MAX_ANSWER_BYTES,
): Effect.Effect<void, ServerError | HttpClientError> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let bytes = 0;
    let wanted = true;
    const decode = (chunk?: Uint8Array): string => {
      try {
        return decoder.decode(chunk, { stream: chunk !== undefined });
      } catch {
        throw serverError("E_SERVER_ANSWER", `${where} answered bytes that are not UTF-8`);
      }
    };
    const attempt = (step: () => boolean): Effect.Effect<boolean, ServerError> =>
      Effect.suspend(() => {
        try {
          wanted = step();
          return Effect.succeed(wanted);
        } catch (error) {
          if (error instanceof ServerError) return Effect.fail(error);
          throw error;
        }
      });
    const whole = Stream.runForEachWhile(response.stream, (chunk) =>
      attempt(() => {
        bytes += chunk.length;
        if (bytes > limit)
          throw serverError("E_SERVER_ANSWER", `${where} answered more than ${limit / 2 ** 20} MiB`, { retry: false });
        return take(decode(chunk));
      }),
    ).pipe(
      Effect.catchIf(
        (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
        () => Effect.void,
      ),
    );
    return whole.pipe(Effect.andThen(attempt(() => wanted && take(decode()))), Effect.asVoid);
  });

/** The beginning of an error's body, as text whatever its bytes are. */
export const readErrorBody = (response: HttpClientResponse): Effect.Effect<string> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    return Stream.runForEachWhile(response.stream, (chunk) =>
      Effect.sync(() => {
        text += decoder.decode(chunk, { stream: true });
        bytes += chunk.length;
        return bytes < MAX_ERROR_BYTES;
      }),
    ).pipe(
      Effect.timeoutOrElse({ duration: MAX_ERROR_MS, orElse: () => Effect.void }),
      // the status is the error: a body that breaks off takes nothing from it
      Effect.catch(() => Effect.void),
      Effect.map(() => text),
    );
  });
