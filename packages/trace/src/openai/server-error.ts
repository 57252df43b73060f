/**
 * What can go wrong between here and an OpenAI-compatible server. A row that failed keeps this as its
 * reason, so the message says what happened and never holds the key or the text that was sent.
 */
import { StageError } from "@precipice/runtime";
import * as Schema from "effect/Schema";

/**
 * `E_SERVER_KEY` no key, or 401 · 403; `E_SERVER_REQUEST` another 4xx; `E_SERVER_RATE_LIMIT` 429;
 * `E_SERVER_STATUS` 5xx; `E_SERVER_TIMEOUT` no whole answer in time; `E_SERVER_CONNECTION` no
 * connection, or one that was cut; `E_SERVER_ANSWER` an answer that is not what the interface promises;
 * `E_SERVER_FILTERED` the server withheld the answer.
 */
export const ServerErrorCode = Schema.Literals([
  "E_SERVER_KEY",
  "E_SERVER_REQUEST",
  "E_SERVER_RATE_LIMIT",
  "E_SERVER_STATUS",
  "E_SERVER_TIMEOUT",
  "E_SERVER_CONNECTION",
  "E_SERVER_ANSWER",
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
}) {}

const remedies: Readonly<Record<ServerErrorCode, string>> = {
  E_SERVER_KEY: "Put a valid key into the environment variable that apiKeyEnv names",
  E_SERVER_REQUEST: "Check model, url and extraBody against what the server offers (GET /v1/models)",
  E_SERVER_RATE_LIMIT: "Lower maxConcurrency, or raise retries",
  E_SERVER_STATUS: "Look at the server's log; run again to try only what failed",
  E_SERVER_TIMEOUT: "Raise timeoutSeconds, or lower maxConcurrency so that the server answers sooner",
  E_SERVER_CONNECTION: "Check that the server runs and that url is its address, with /v1 at the end",
  E_SERVER_ANSWER: "Check that url is an OpenAI-compatible server and api is one it offers",
  E_SERVER_FILTERED: "Take the row out, or use a server without a content filter",
};

export const serverError = (
  code: ServerErrorCode,
  message: string,
  { status = null, retryAfterMs = null }: { status?: number | null; retryAfterMs?: number | null } = {},
): ServerError => new ServerError({ code, message, remedy: remedies[code], status, retryAfterMs });

const lasting: ReadonlySet<ServerErrorCode> = new Set(["E_SERVER_KEY", "E_SERVER_REQUEST", "E_SERVER_FILTERED"]);

/** Whether the same request may go better in a moment. A wrong key or request stays wrong. */
export const isTransient = ({ code }: ServerError): boolean => !lasting.has(code);

/** The error of a status outside 2xx, with the server's own message where its body has one. */
export const statusError = (where: string, status: number, body: string, retryAfterMs: number | null): ServerError => {
  const code =
    status === 401 || status === 403
      ? "E_SERVER_KEY"
      : status === 429
        ? "E_SERVER_RATE_LIMIT"
        : status === 408
          ? "E_SERVER_TIMEOUT"
          : status >= 500
            ? "E_SERVER_STATUS"
            : "E_SERVER_REQUEST";
  const said = serverMessage(body);
  return serverError(code, `${where} answered ${status}${said === "" ? "" : `: ${said}`}`, { status, retryAfterMs });
};

/** `{ error: { message } }` or `{ message }` of the body, cut to a line; empty when it is something else. */
const serverMessage = (body: string): string => {
  try {
    const { error, message, detail } = JSON.parse(body) as Record<string, unknown>;
    const said = (error as { message?: unknown } | undefined)?.message ?? error ?? message ?? detail;
    return typeof said === "string" ? said.replace(/\s+/gu, " ").slice(0, 300) : "";
  } catch {
    return "";
  }
};

/** As the failure of a whole stage. */
export const asStageFailure = ({ code, message, remedy }: ServerError): StageError =>
  new StageError({ code, message, remedy });
