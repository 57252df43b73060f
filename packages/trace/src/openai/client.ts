/**
 * A client of an OpenAI-compatible server: posts JSON, retries what may pass, fails typed. One client
 * per stage run; its semaphore bounds the requests in flight, waits between tries not counted.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import * as Semaphore from "effect/Semaphore";
import { RateLimiter } from "./rate-limit.ts";
import { defaultRetryPolicy, nowMs, type RetryPolicy, readRetryAfterMs, withRetries } from "./retry.ts";
import type { ServerConfig } from "./server-config.ts";
import { type ServerError, serverError, statusError } from "./server-error.ts";

export interface OpenAiClient {
  readonly config: ServerConfig;
  /**
   * Posts to a path below the base address, e.g. `chat/completions`, with `model` and `extraBody` added,
   * and decodes the answer. A body that is no JSON or does not decode is tried again like a 5xx.
   */
  readonly post: <A>(
    path: string,
    body: Readonly<Record<string, unknown>>,
    answer: Schema.Codec<A, unknown>,
    /** Tokens that prompt and answer may come to, for the rate limit. */
    tokens?: number,
  ) => Effect.Effect<A, ServerError>;
  /**
   * The same for an answer read some other way, such as a stream of events. `read` runs inside the time
   * limit, the semaphore and the retries: it starts anew with each try.
   */
  readonly postAndRead: <A>(
    path: string,
    body: Readonly<Record<string, unknown>>,
    read: (response: HttpClientResponse, where: string) => Effect.Effect<A, ServerError | HttpClientError>,
    tokens?: number,
  ) => Effect.Effect<A, ServerError>;
  /** An answer took another number of tokens than was said before. */
  readonly settle: (reserved: number, used: number) => void;
}

export interface ClientOptions {
  /** Where keys are looked up; the process's environment by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly retry?: Partial<RetryPolicy>;
}

/** Fails with `E_SERVER_KEY` when `apiKeyEnv` names a variable that is not set. */
export const openAiClient = Effect.fnUntraced(function* (config: ServerConfig, options: ClientOptions = {}) {
  const key = yield* apiKey(config, options.environment ?? process.env);
  const policy = { ...defaultRetryPolicy, ...options.retry, retries: config.retries };
  const limiter = new RateLimiter(config);
  const semaphore = yield* Semaphore.make(config.maxConcurrency);
  const http = yield* HttpClient.HttpClient.pipe(Effect.provide(FetchHttpClient.layer));
  const base = config.url.replace(/\/+$/u, "");

  const postAndRead: OpenAiClient["postAndRead"] = (path, body, read, tokens = 0) => {
    const where = `${base}/${path}`;
    const request = HttpClientRequest.post(where).pipe(
      HttpClientRequest.acceptJson,
      key === null ? (same) => same : HttpClientRequest.bearerToken(key),
      HttpClientRequest.bodyJsonUnsafe({ model: config.model, ...body, ...config.extraBody }),
    );
    const once = http.execute(request).pipe(
      Effect.flatMap((response) =>
        response.status >= 200 && response.status < 300
          ? read(response, where)
          : Effect.all([response.text, nowMs]).pipe(
              Effect.flatMap(([text, now]) =>
                Effect.fail(statusError(where, response.status, text, readRetryAfterMs(response.headers, now))),
              ),
            ),
      ),
      Effect.catchTag("HttpClientError", (error) => Effect.fail(connectionError(where, error))),
      Effect.timeoutOrElse({
        duration: config.timeoutSeconds * 1000,
        orElse: () =>
          Effect.fail(serverError("E_SERVER_TIMEOUT", `${where} gave no whole answer in ${config.timeoutSeconds} s`)),
      }),
    );
    const turn = nowMs.pipe(Effect.flatMap((now) => Effect.sleep(limiter.reserve(tokens, now))));
    return withRetries(Effect.andThen(turn, semaphore.withPermits(1)(once)), policy);
  };

  const post: OpenAiClient["post"] = (path, body, answer, tokens) =>
    postAndRead(
      path,
      body,
      (response, where) => response.text.pipe(Effect.flatMap((text) => decodeAnswer(text, answer, where))),
      tokens,
    );
  const settle: OpenAiClient["settle"] = (reserved, used) => limiter.settle(reserved, used);

  return { config, post, postAndRead, settle } satisfies OpenAiClient as OpenAiClient;
});

const apiKey = ({ apiKeyEnv }: ServerConfig, environment: Readonly<Record<string, string | undefined>>) => {
  if (apiKeyEnv === undefined) return Effect.succeed(null);
  const key = environment[apiKeyEnv]?.trim();
  return key === undefined || key === ""
    ? Effect.fail(serverError("E_SERVER_KEY", `The environment variable ${apiKeyEnv} is not set`))
    : Effect.succeed(Redacted.make(key));
};

/** What fetch says of a connection lies in the cause; the request, with its key, stays out of the message. */
const connectionError = (where: string, { reason }: HttpClientError): ServerError => {
  const causes = [];
  for (let cause: unknown = reason.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    causes.push(cause.message);
  }
  const detail = [...new Set(causes)].filter((text) => text !== "").join(": ");
  return serverError("E_SERVER_CONNECTION", `No whole answer from ${where}${detail === "" ? "" : ` (${detail})`}`);
};

/** A body as JSON of the expected shape, or `E_SERVER_ANSWER`. */
export const decodeAnswer = <A>(
  text: string,
  answer: Schema.Codec<A, unknown>,
  where: string,
): Effect.Effect<A, ServerError> =>
  Effect.suspend(() => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return Effect.fail(
        serverError("E_SERVER_ANSWER", `${where} answered ${text.length} characters that are no JSON`),
      );
    }
    const decoded = Schema.decodeUnknownExit(answer)(json);
    return Exit.isSuccess(decoded)
      ? Effect.succeed(decoded.value)
      : Effect.fail(serverError("E_SERVER_ANSWER", `${where} answered JSON of another shape`));
  });
