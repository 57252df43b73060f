/**
 * What can go wrong between here and an OpenAI-compatible server. A row that failed keeps this as its
 * reason, so the message says what happened and never holds the key or the text that was sent.
 */
import { StageError } from "@precipice/runtime";
import * as Schema from "effect/Schema";

/**
 * `E_SERVER_KEY` no key, or 401 · 403; `E_SERVER_REQUEST` another 4xx, or a redirect that is not followed;
 * `E_SERVER_RATE_LIMIT` 429; `E_SERVER_STATUS` 5xx, or an error told in an answer; `E_SERVER_TIMEOUT` no whole answer in time;
 * `E_SERVER_CONNECTION` no connection, or one that was cut; `E_SERVER_ANSWER` an answer that is not what the interface
 * promises; `E_SERVER_FINISH` a reply that ended neither normally nor by the limit of tokens; `E_SERVER_FILTERED` the server
 * withheld the answer.
 */
export const ServerErrorCode = Schema.Literals([
  "E_SERVER_KEY",
  "E_SERVER_REQUEST",
  "E_SERVER_RATE_LIMIT",
  "E_SERVER_STATUS",
  "E_SERVER_TIMEOUT",
  "E_SERVER_CONNECTION",
  "E_SERVER_ANSWER",
  "E_SERVER_FINISH",
  "E_SERVER_FILTERED",
]);

export type ServerErrorCode = typeof ServerErrorCode.Type;

export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  code: ServerErrorCode,
  message: Schema.String,
  remedy: Schema.String,
  /** HTTP status, where there was an answer. */
  status: Schema.NullOr(Schema.Int),
  /** What the server asked to wait, in milliseconds. */
  retryAfterMs: Schema.NullOr(Schema.Finite),
  /** Whether the same request may go better in a moment. */
  retry: Schema.Boolean,
}) {}

const remedies: Readonly<Record<ServerErrorCode, string>> = {
  E_SERVER_KEY: "Put a valid key into the environment variable that apiKeyEnv names",
  E_SERVER_REQUEST: "Check model, url and extraBody against what the server offers (GET /v1/models)",
  E_SERVER_RATE_LIMIT: "Lower maxConcurrency, or raise retries",
  E_SERVER_STATUS: "Look at the server's log; run again to try only what failed",
  E_SERVER_TIMEOUT: "Raise timeoutSeconds, or lower maxConcurrency so that the server answers sooner",
  E_SERVER_CONNECTION: "Check that the server runs and that url is its address, with /v1 at the end",
  E_SERVER_ANSWER: "Check that url is an OpenAI-compatible server and api is one it offers",
  E_SERVER_FINISH:
    "Look at the server's log, then run again to ask only for what failed; a model that calls tools needs a server setting or a prompt without them",
  E_SERVER_FILTERED: "Take the row out, or use a server without a content filter",
};

const lasting: ReadonlySet<ServerErrorCode> = new Set(["E_SERVER_KEY", "E_SERVER_REQUEST", "E_SERVER_FILTERED"]);

export interface ErrorFacts {
  readonly status?: number | null;
  readonly retryAfterMs?: number | null;
  /** By default as the code has it: a wrong key or request stays wrong. */
  readonly retry?: boolean;
}

export const serverError = (
  code: ServerErrorCode,
  message: string,
  { status = null, retryAfterMs = null, retry = !lasting.has(code) }: ErrorFacts = {},
): ServerError => new ServerError({ code, message, remedy: remedies[code], status, retryAfterMs, retry });

/** Whether the same request may go better in a moment. */
export const isTransient = ({ retry }: ServerError): boolean => retry;

/** The same error with another message. */
export const withMessage = (error: ServerError, message: string): ServerError =>
  message === error.message ? error : serverError(error.code, message, error);

/** As the failure of a whole stage. */
export const asStageFailure = ({ code, message, remedy }: ServerError): StageError =>
  new StageError({ code, message, remedy });
