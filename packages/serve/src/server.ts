/**
 * The HTTP side: routes, the key, the bound on what waits, streams of events, and an end that lets running answers finish. It
 * listens on the loopback unless told otherwise, and takes JSON only, so that no web page can use it behind its visitor's back.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { utf8End } from "@precipice/model";
import type { Answer } from "./answer.ts";
import { ApiError, asApiError } from "./api-error.ts";
import { chatAnswer } from "./chat.ts";
import { completionAnswer } from "./completions.ts";
import { ChatBody, CompletionBody, decodeBody } from "./request.ts";
import { type RuleModel, ruleAnswer } from "./rule-model.ts";
import type { ServedModel } from "./served-model.ts";
import type { Usage } from "./writing.ts";

export interface ServerOptions {
  readonly models: ReadonlyArray<ServedModel>;
  /** Models of rules beside them, for chats only. */
  readonly rules?: ReadonlyArray<RuleModel> | undefined;
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number;
  /** What clients must send as a bearer token; none is asked for by default. */
  readonly apiKey?: string | undefined;
  /** Most rows that wait or are written at once; who comes then is told to come again later. Default 512. */
  readonly queue?: number;
  readonly onRequest?: (request: RequestInfo) => void;
}

/** One request that is over, without anything that was said in it. */
export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  /** 499 where the client left before the end. */
  readonly status: number;
  readonly durationMs: number;
  readonly usage: Usage | undefined;
  readonly error: string | undefined;
}

export interface RunningServer {
  /** With the port it got, without /v1. */
  readonly url: string;
  /** Takes no more requests, lets those that run end for so long, then ends them, and frees the models. */
  readonly close: (graceMs?: number) => Promise<void>;
}

const MAX_BODY_BYTES = 16 * 2 ** 20;
const RETRY_AFTER_SECONDS = 1;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

/** Rejects where the port cannot be had. */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { models, host = "127.0.0.1", port = 8000 } = options;
  const running = new Set<AbortController>();
  let closing = false;
  const server = createServer((request, response) => {
    const leaving = new AbortController();
    running.add(leaving);
    const started = performance.now();
    response.on("close", () => {
      if (!response.writableFinished) leaving.abort(new Error("the client left"));
    });
    const done = (status: number, usage?: Usage, error?: string) => {
      running.delete(leaving);
      const durationMs = Math.round(performance.now() - started);
      options.onRequest?.({ method: request.method ?? "", path: pathOf(request), status, durationMs, usage, error });
    };
    if (closing) response.setHeader("connection", "close");
    answer(options, request, response, leaving.signal).then(
      (usage) => done(leaving.signal.aborted ? 499 : response.statusCode, usage),
      (error: unknown) => {
        const told = asApiError(error);
        if (leaving.signal.aborted) return done(499, undefined, "the client left");
        fail(response, told);
        done(told.status, undefined, told.message);
      },
    );
  });
  server.keepAliveTimeout = 65_000; // longer than clients keep a connection they may use again
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  const { port: given, family } = server.address() as AddressInfo;
  const name = family === "IPv6" || host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${given}`,
    close: async (graceMs = 10_000) => {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const one of running) one.abort(new Error("the server is closing"));
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      await Promise.all(models.map(({ live }) => live.close()));
    },
  };
};

const pathOf = ({ url = "/" }: IncomingMessage): string => url.replace(/\?.*$/s, "");

const answer = async (
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Usage | undefined> => {
  const { models, rules = [], host = "127.0.0.1", queue = 512, apiKey } = options;
  const path = pathOf(request);
  if (LOOPBACK.test(host) && !LOOPBACK.test(request.headers.host ?? "localhost"))
    throw new ApiError({ status: 403, message: "This server answers to names of this machine only" });
  if (path === "/health" || path === "/v1/health") {
    only(request, "GET");
    const rows = models.reduce((sum, { live }) => sum + live.rows, 0);
    sendJson(response, { status: "ok", models: models.map(({ id }) => id), rows });
    return undefined;
  }
  if (apiKey !== undefined) checkKey(request, apiKey);
  if (path === "/v1/models" || path.startsWith("/v1/models/")) {
    only(request, "GET");
    const cards = cardsOfAll(models, rules);
    if (path === "/v1/models") sendJson(response, { object: "list", data: cards });
    else {
      const id = decodeURIComponent(path.slice("/v1/models/".length));
      const card = cards.find((one) => one.id === id);
      if (card === undefined) throw unknownModel(models, rules, id);
      sendJson(response, card);
    }
    return undefined;
  }
  if (path !== "/v1/chat/completions" && path !== "/v1/completions")
    throw new ApiError({
      status: 404,
      message: `There is no ${path}; there are /v1/chat/completions, /v1/completions, /v1/models and /health`,
    });
  only(request, "POST");
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new ApiError({ status: 415, message: "Send JSON, with content-type: application/json" });
  const text = await bodyOf(request);
  const made = path === "/v1/chat/completions" ? chatOf(models, rules, text) : completionOf(models, text);
  const rows = models.reduce((sum, { live }) => sum + live.rows, 0);
  if (rows + made.rows > queue && rows > 0)
    throw new ApiError({
      status: 429,
      message: `${rows} rows are waiting or being written, and ${queue} may`,
      code: "queue_full",
      headers: { "retry-after": `${RETRY_AFTER_SECONDS}` },
    });
  signal.throwIfAborted();
  if (!made.streams) {
    const { body, usage } = await made.whole(signal);
    sendJson(response, body);
    return usage;
  }
  return stream(response, made, signal);
};

const chatOf = (models: ReadonlyArray<ServedModel>, rules: ReadonlyArray<RuleModel>, text: string): Answer => {
  const body = decodeBody(ChatBody, text);
  const rule = rules.find(({ id }) => id === body.model);
  if (rule !== undefined) return ruleAnswer(rule, body);
  const { model, adapter } = find(models, body.model, body.adapter, rules);
  return chatAnswer(model, adapter, body);
};

const completionOf = (models: ReadonlyArray<ServedModel>, text: string): Answer => {
  const body = decodeBody(CompletionBody, text);
  const { model, adapter } = find(models, body.model, body.adapter);
  return completionAnswer(model, adapter, body);
};

/** A model by its own name or by that of one of its adapters. */
const find = (
  models: ReadonlyArray<ServedModel>,
  id: string,
  adapter: string | null | undefined,
  rules: ReadonlyArray<RuleModel> = [],
) => {
  const has = ({ adapters = {} }: ServedModel, name: string) => Object.hasOwn(adapters, name);
  const model = models.find((one) => one.id === id || has(one, id));
  if (model === undefined) throw unknownModel(models, rules, id);
  const wanted = adapter ?? (model.id === id ? undefined : id);
  if (wanted !== undefined && !has(model, wanted)) {
    const names = Object.keys(model.adapters ?? {});
    const message = `"${model.id}" has no adapter "${wanted}"${names.length === 0 ? "" : `; there is ${names.join(", ")}`}`;
    throw new ApiError({ status: 400, param: "adapter", message });
  }
  return { model, adapter: wanted };
};

const unknownModel = (models: ReadonlyArray<ServedModel>, rules: ReadonlyArray<RuleModel>, id: string): ApiError => {
  const names = cardsOfAll(models, rules).map((card) => card.id);
  const message = `There is no model "${id}"; there is ${names.join(", ")}`;
  return new ApiError({ status: 404, param: "model", code: "model_not_found", message });
};

const cardsOfAll = (models: ReadonlyArray<ServedModel>, rules: ReadonlyArray<RuleModel>) => [
  ...models.flatMap(cardsOf),
  ...rules.map(({ id }) => ({ id, object: "model", created: 0, owned_by: "precipice", parent: null })),
];

const cardsOf = ({ id, created, adapters = {}, live }: ServedModel) => [
  { id, object: "model", created, owned_by: "precipice", max_model_len: live.maxTokens, parent: null as string | null },
  ...Object.keys(adapters).map((name) => ({
    id: name,
    object: "model",
    created,
    owned_by: "precipice",
    max_model_len: live.maxTokens,
    parent: id as string | null,
  })),
];

const only = ({ method }: IncomingMessage, allowed: string): void => {
  if (method !== allowed)
    throw new ApiError({ status: 405, message: `Use ${allowed} here`, headers: { allow: allowed } });
};

const checkKey = ({ headers }: IncomingMessage, key: string): void => {
  const sent = Buffer.from(headers.authorization?.replace(/^Bearer\s+/i, "") ?? "");
  const wanted = Buffer.from(key);
  if (sent.length === wanted.length && timingSafeEqual(sent, wanted)) return;
  throw new ApiError({ status: 401, code: "invalid_api_key", message: "The API key is missing or wrong" });
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new ApiError({ status: 413, message: `The body is larger than ${MAX_BODY_BYTES} bytes` });
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const end = utf8End(body);
  if (end !== undefined)
    throw new ApiError({ status: 400, message: `The body is not UTF-8 from byte ${end} on; send JSON as UTF-8` });
  return body.toString("utf8");
};

const sendJson = (response: ServerResponse, body: object, status = 200, headers: object = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};

/** An error as an answer, or as the last event where the answer has begun. */
const fail = (response: ServerResponse, error: ApiError): void => {
  if (response.headersSent) response.end(`data: ${JSON.stringify(error.body)}\n\n`);
  else sendJson(response, error.body, error.status, error.headers);
};

const stream = async (response: ServerResponse, made: Answer, signal: AbortSignal): Promise<Usage> => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const events = made.events(signal);
  for (;;) {
    const next = await events.next();
    const data = next.done === true ? "[DONE]" : JSON.stringify(next.value);
    if (!response.write(`data: ${data}\n\n`)) await drained(response, signal);
    if (next.done !== true) continue;
    response.end();
    return next.value;
  }
};

const drained = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    response.once("drain", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
