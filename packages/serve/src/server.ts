/**
 * The HTTP side: routes, the key, bounds on all that waits, streams of events, and an end that lets running answers finish. It
 * listens on the loopback unless told otherwise, and takes JSON only, so that no web page can use it behind its visitor's back.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Answer } from "./answer.ts";
import { ApiError, asApiError } from "./api-error.ts";
import { bodyOf } from "./body.ts";
import { chatAnswer } from "./chat.ts";
import { completionAnswer } from "./completions.ts";
import type { ClientPath } from "./fair-queue.ts";
import { type Limits, limitsOf, type ServerLimits } from "./limits.ts";
import { isLoopback, namesLoopback, openProblem } from "./loopback.ts";
import { ChatBody, CompletionBody, decodeBody } from "./request.ts";
import { type RuleModel, ruleAnswer } from "./rule-model.ts";
import type { ServedModel } from "./served-model.ts";
import type { Caller, Usage } from "./writing.ts";

export interface ServerOptions extends ServerLimits {
  readonly models: ReadonlyArray<ServedModel>;
  /** Models of rules beside them, for chats only. */
  readonly rules?: ReadonlyArray<RuleModel> | undefined;
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number;
  /** What clients must send as a bearer token; none is asked for by default. */
  readonly apiKey?: string | undefined;
  /** Lets other machines in although no key is asked for. */
  readonly open?: boolean;
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

/** How often time-outs of connections are looked at. */
const CHECK_MS = 1_000;

/** Rejects where the port cannot be had, and where it would be open to other machines without a key. */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { models, host = "127.0.0.1", port = 8000, apiKey, open = false } = options;
  const problem = openProblem({ host, apiKey, open });
  if (problem !== undefined) throw new Error(problem);
  const limits = limitsOf(options);
  const running = new Set<AbortController>();
  let closing = false;
  const times = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.bodyMs,
    keepAliveTimeout: 65_000, // longer than clients keep a connection they may use again
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(times, (request, response) => {
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
    answer({ ...options, limits }, request, response, leaving.signal).then(
      (usage) => done(leaving.signal.aborted ? 499 : response.statusCode, usage),
      (error: unknown) => {
        const told = asApiError(error);
        if (leaving.signal.aborted) return done(499, undefined, "the client left");
        fail(limits, response, told);
        done(told.status, undefined, told.message);
      },
    );
  });
  server.maxConnections = limits.connections;
  server.on("clientError", refuseRaw);
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
      await Promise.all(models.map((model) => model.close()));
    },
  };
};

const pathOf = ({ url = "/" }: IncomingMessage): string => url.replace(/\?.*$/s, "");

type Serving = Omit<ServerOptions, "limits"> & { readonly limits: Limits };

const answer = async (
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Usage | undefined> => {
  const { models, rules = [], host = "127.0.0.1", apiKey, limits } = serving;
  const path = pathOf(request);
  if (isLoopback(host) && !namesLoopback(request.headers.host ?? "localhost"))
    throw new ApiError({ status: 403, message: "This server answers to names of this machine only" });
  if (path === "/health" || path === "/v1/health") {
    only(request, "GET");
    sendJson(limits, response, { status: "ok", models: models.map(({ id }) => id), rows: limits.rows.used });
    return undefined;
  }
  if (apiKey !== undefined) checkKey(request, apiKey);
  if (path === "/v1/models" || path.startsWith("/v1/models/")) {
    only(request, "GET");
    const cards = cardsOfAll(models, rules);
    if (path === "/v1/models") sendJson(limits, response, { object: "list", data: cards });
    else {
      const id = decoded(path.slice("/v1/models/".length));
      const card = cards.find((one) => one.id === id);
      if (card === undefined) throw unknownModel(models, rules, id);
      sendJson(limits, response, card);
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
  const caller: Caller = { client: clientOf(request), signal };
  const held: Array<() => void> = [];
  try {
    const text = await bodyOf(request, limits, held);
    const made = path === "/v1/chat/completions" ? chatOf(serving, text, caller) : completionOf(serving, text, caller);
    held.push(limits.rows.take(made.rows));
    const ready = await made.prepare();
    held.push(limits.tokens(ready.promptTokens));
    signal.throwIfAborted();
    if (ready.streams) return await stream(limits, response, ready, caller);
    const { body, usage } = await ready.whole(caller);
    sendJson(limits, response, body);
    return usage;
  } finally {
    for (const release of held) release();
  }
};

/** What is known of an answer before its prompts are read: how many rows it has. */
interface Made {
  readonly rows: number;
  readonly prepare: () => Promise<Answer>;
}

const longest = (models: ReadonlyArray<ServedModel>): number =>
  Math.max(0, ...models.map(({ live }) => live.maxTokens));

const chatOf = ({ models, rules = [], limits }: Serving, text: string, caller: Caller): Made => {
  const body = decodeBody(ChatBody, text, { rows: limits.requestRows, maxTokens: longest(models) });
  const rule = rules.find(({ id }) => id === body.model);
  if (rule !== undefined) return { rows: 0, prepare: async () => ruleAnswer(rule, body) };
  const { model, adapter } = find(models, body.model, body.adapter, rules);
  return { rows: body.n ?? 1, prepare: () => chatAnswer(model, adapter, body, caller) };
};

const completionOf = ({ models, limits }: Serving, text: string, caller: Caller): Made => {
  const body = decodeBody(CompletionBody, text, { rows: limits.requestRows, maxTokens: longest(models) });
  const { model, adapter } = find(models, body.model, body.adapter);
  const many = Array.isArray(body.prompt) && typeof body.prompt[0] !== "number";
  const rows = (many ? body.prompt.length : 1) * (body.n ?? 1);
  return { rows, prepare: () => completionAnswer(model, adapter, body, caller) };
};

/** Turns go round over addresses, within one over keys, within one over connections: no client can make itself many of another kind. */
const clientOf = ({ headers, socket }: IncomingMessage): ClientPath => [
  socket.remoteAddress ?? "",
  createHash("sha256")
    .update(headers.authorization ?? "")
    .digest("base64"),
  `${socket.remotePort ?? 0}`,
];

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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

const sendJson = (limits: Limits, response: ServerResponse, body: object, status = 200, headers: object = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  limits.outbox.end(response, JSON.stringify(body));
};

/** An error as an answer, or as the last event where the answer has begun. */
const fail = (limits: Limits, response: ServerResponse, error: ApiError): void => {
  if (response.headersSent) limits.outbox.end(response, `data: ${JSON.stringify(error.body)}\n\n`);
  else sendJson(limits, response, error.body, error.status, error.headers);
};

const stream = async (limits: Limits, response: ServerResponse, made: Answer, caller: Caller): Promise<Usage> => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const events = made.events(caller);
  for (;;) {
    const next = await events.next();
    const data = next.done === true ? "[DONE]" : JSON.stringify(next.value);
    if (next.done === true) {
      limits.outbox.end(response, `data: ${data}\n\n`);
      return next.value;
    }
    await limits.outbox.write(response, `data: ${data}\n\n`, caller.signal);
  }
};

/** What is no request: a header too large, one that does not come to its end. */
const refuseRaw = (error: Error & { readonly code?: string }, socket: Duplex): void => {
  const [status, message] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ["408 Request Timeout", "The request did not come to its end in time"]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ["431 Request Header Fields Too Large", "The headers are too large"]
        : ["400 Bad Request", "This is no HTTP request"];
  // an answer that has begun cannot become another
  if (!socket.writable || (socket as Partial<Socket>).bytesWritten !== 0) return void socket.destroy();
  const body = JSON.stringify(new ApiError({ status: Number(status.slice(0, 3)), message }).body);
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`, () => socket.destroy());
};
