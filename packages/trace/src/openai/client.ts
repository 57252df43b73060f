/**
 * A client of an OpenAI-compatible server: posts JSON, retries what may pass, fails typed. One client
 * per stage run; its semaphore bounds the requests in flight, waits between tries not counted.
 */
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Redacted from "effect/Redacted";
import * as Semaphore from "effect/Semaphore";
import { readAnswer } from "./answer.ts";
import { readErrorBody } from "./body.ts";
import { RateLimiter } from "./rate-limit.ts";
import { isRedirect, redirectTarget } from "./redirect.ts";
import { type Api, type Reply, readReply } from "./reply.ts";
import { defaultRetryPolicy, nowMs, type RetryPolicy, readRetryAfterMs, withRetries } from "./retry.ts";
import { secretsOf } from "./secrets.ts";
import type { ServerConfig } from "./server-config.ts";
import { ServerError, serverError, withMessage } from "./server-error.ts";
import { statusError } from "./told-error.ts";

export interface RequestOptions {
  /** Ask for a stream of events. */
  readonly stream?: boolean;
  /** Tokens that prompt and answer may come to, for the rate limit. */
  readonly tokens?: number;
}

export interface OpenAiClient {
  readonly config: ServerConfig;
  /**
   * Asks one of the two interfaces, with `model` and `extraBody` added to the body, for one reply that ended by the model or by
   * the limit of tokens. What may pass is tried again: 408, 409, 425, 429, 5xx, time-outs, cut connections and streams, bodies
   * that are no JSON, and replies that ended otherwise (`E_SERVER_FINISH`).
   */
  readonly ask: (
    api: Api,
    body: Readonly<Record<string, unknown>>,
    options?: RequestOptions,
  ) => Effect.Effect<Reply, ServerError>;
}

export interface ClientOptions {
  /** Where keys are looked up; the process's environment by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly retry?: Partial<RetryPolicy>;
  /** Told of waits of some seconds before a next try; of many at once the first, and each that lasts much longer. */
  readonly onWait?: (message: string) => Effect.Effect<void>;
}

const PATHS: Readonly<Record<Api, string>> = { chat: "chat/completions", completions: "completions" };

/** Fails with `E_SERVER_KEY` when `apiKeyEnv` names a variable that is not set. */
export const openAiClient = Effect.fnUntraced(function* (config: ServerConfig, options: ClientOptions = {}) {
  const environment = options.environment ?? process.env;
  const key = yield* apiKey(config, environment);
  const secrets = secretsOf(key === null ? null : Redacted.value(key), environment);
  // a key may come in pieces of a stream
  const hidden = (reply: Reply): Reply => ({
    ...reply,
    content: secrets.hideLong(reply.content),
    reasoning: reply.reasoning === null ? null : secrets.hideLong(reply.reasoning),
  });
  const policy = { ...defaultRetryPolicy, ...options.retry, retries: config.retries };
  const tellWait = waitTeller(options.onWait);
  const limiter = new RateLimiter(config);
  const semaphore = yield* Semaphore.make(config.maxConcurrency);
  const http = yield* HttpClient.HttpClient.pipe(Effect.provide(FetchHttpClient.layer));
  const base = config.url.replace(/\/+$/u, "");

  const request = (url: string, body: object) =>
    HttpClientRequest.post(url).pipe(
      HttpClientRequest.acceptJson,
      key === null ? (same) => same : HttpClientRequest.bearerToken(key),
      HttpClientRequest.bodyJsonUnsafe({ model: config.model, ...body, ...config.extraBody }),
    );

  const send = (
    url: string,
    body: object,
    hops = 0,
  ): Effect.Effect<HttpClientResponse, ServerError | HttpClientError> =>
    http.execute(request(url, body)).pipe(
      Effect.flatMap((response) => {
        const { status, headers } = response;
        if (!isRedirect(status)) return Effect.succeed(response);
        const to = redirectTarget(url, status, headers["location"], hops);
        const next = to instanceof ServerError ? Effect.fail(to) : send(to.href, body, hops + 1);
        return Effect.andThen(readErrorBody(response), next);
      }),
    );

  const failed = (where: string, response: HttpClientResponse) =>
    Effect.all([readErrorBody(response), nowMs]).pipe(
      Effect.flatMap(([text, now]) =>
        Effect.fail(statusError(where, response.status, secrets.hide(text), readRetryAfterMs(response.headers, now))),
      ),
    );

  const ask: OpenAiClient["ask"] = (api, fields, { stream = false, tokens = 0 } = {}) => {
    const where = `${base}/${PATHS[api]}`;
    const body = stream ? { ...fields, stream: true, stream_options: { include_usage: true } } : fields;
    const once = send(where, body).pipe(
      Effect.flatMap((response) =>
        response.status >= 200 && response.status < 300
          ? readAnswer(response, where, secrets)
          : failed(where, response),
      ),
      Effect.flatMap((answer) => readWith(where, () => hidden(readReply(api, answer, where)))),
      Effect.catchTag("HttpClientError", (error) => Effect.fail(connectionError(where, error))),
      Effect.timeoutOrElse({
        duration: config.timeoutSeconds * 1000,
        orElse: () =>
          Effect.fail(serverError("E_SERVER_TIMEOUT", `${where} gave no whole answer in ${config.timeoutSeconds} s`)),
      }),
      Effect.mapError((error) => withMessage(error, secrets.hide(error.message))),
      Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    );
    const turn = nowMs.pipe(Effect.flatMap((now) => Effect.sleep(limiter.reserve(tokens, now))));
    return withRetries(Effect.andThen(turn, semaphore.withPermits(1)(once)), policy, tellWait).pipe(
      Effect.tap(({ promptTokens, completionTokens }) =>
        Effect.sync(() => {
          if (promptTokens !== null && completionTokens !== null)
            limiter.settle(tokens, promptTokens + completionTokens);
        }),
      ),
    );
  };

  return { config, ask } satisfies OpenAiClient as OpenAiClient;
});

/** Waits as short as this pass unsaid; of those that end about together one is told. */
const TOLD_MS = 5000;

const waitTeller = (tell: ClientOptions["onWait"]) => {
  let until = 0;
  return (ms: number, error: ServerError): Effect.Effect<void> =>
    nowMs.pipe(
      Effect.flatMap((now) => {
        if (tell === undefined || ms < TOLD_MS || now + ms < until + TOLD_MS) return Effect.void;
        until = now + ms;
        const asked = error.retryAfterMs !== null && error.retryAfterMs > 0 ? ", as the server asks" : "";
        return tell(`Waiting ${Math.ceil(ms / 1000)} s before the next try${asked}: ${error.message}`);
      }),
    );
};

const readWith = <A>(where: string, read: () => A): Effect.Effect<A, ServerError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read());
    } catch (error) {
      if (error instanceof ServerError) return Effect.fail(error);
      if (error instanceof RangeError)
        return Effect.fail(serverError("E_SERVER_ANSWER", `${where} answered JSON nested too deep`, { retry: false }));
      throw error;
    }
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
