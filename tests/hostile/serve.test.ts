/** `serve` against bodies, paths and clients that mean no good: each gets a 4xx that names the limit, and what it held is free. */
import { connect } from "node:net";
import { Checkpoint } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import { openProblem, openServedModel, type RunningServer, startServer } from "@precipice/serve";
import OpenAI, { BadRequestError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
let server: RunningServer;
beforeAll(async () => {
  const generator = { workers: 1, threads: 1, batch: 2, maxTokens: 256 };
  const model = await openServedModel({ id: "cliff", checkpoint, renorm: "token", generator });
  const limits = { bodyBytes: 200_000, allBodiesBytes: 400_000 };
  server = await startServer({ models: [model], port: 0, queue: 8, requestRows: 6, queueTokens: 500, limits });
});
afterAll(() => server.close(0));

type Told = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
};
const send = async (path: string, body: string, init: RequestInit = {}) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, { method: "POST", headers, body, ...init });
  return { status: answer.status, body: (await answer.json()) as Told };
};
const complete = (body: object) => send("/v1/completions", JSON.stringify({ model: "cliff", max_tokens: 2, ...body }));
const chat = (body: object) =>
  send(
    "/v1/chat/completions",
    JSON.stringify({ model: "cliff", messages: [{ role: "user", content: "hello" }], max_tokens: 2, ...body }),
  );
const rows = async () => ((await (await fetch(`${server.url}/health`)).json()) as { rows: number }).rows;
const settled = async () => {
  while ((await rows()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
};
const many = <A>(count: number, value: A): A[] => Array.from({ length: count }, () => value);
const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("one request's rows are bounded", () => {
  it.each([
    ["prompts", { prompt: many(7, "how") }, "prompt", "7 rows"],
    ["prompts of ids", { prompt: many(7, [1]) }, "prompt", "7 rows"],
    ["five thousand prompts", { prompt: many(5000, "how") }, "prompt", "5000 rows"],
    ["prompts times n", { prompt: many(4, "how"), n: 2 }, "prompt", "8 rows"],
    ["n alone", { prompt: "how", n: 7 }, "n", "7 rows"],
  ])("%s", async (_, body, param, message) => {
    const { status, body: told } = await complete(body);
    expect(status).toBe(400);
    expect(told.error).toMatchObject({ type: "invalid_request_error", code: "too_many_rows", param });
    expect(told.error.message).toContain(message);
    expect(told.error.message).toContain("one request may ask for 6");
    expect(await rows()).toBe(0);
  });

  it("chat's n too, and as many as may are written", async () => {
    expect((await chat({ n: 7 })).body.error.code).toBe("too_many_rows");
    expect((await complete({ prompt: many(6, "how") })).status).toBe(200);
    expect((await chat({ n: 6 })).status).toBe(200);
    await settled();
  });

  it("the official client gets its own class of error", async () => {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
    const error = await client.completions.create({ model: "cliff", prompt: many(9, "a") }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "too_many_rows", param: "prompt" });
  });
});

describe("no body is a fault of the server", () => {
  it.each<readonly [string, string, string, number, string]>([
    ["no JSON", "/v1/completions", "{", 400, "no JSON"],
    ["null", "/v1/completions", "null", 400, "no JSON object"],
    ["a list", "/v1/chat/completions", "[]", 400, "no JSON object"],
    ["deep lists", "/v1/completions", `{"model":"cliff","prompt":${deep(50_000)}}`, 400, "deeper than"],
    ["deep fields", "/v1/chat/completions", `{"model":"cliff","messages":${deep(50_000)}}`, 400, "deeper than"],
    ["a field nobody knows, deep", "/v1/completions", `{"x":${deep(60_000)}}`, 400, "deeper than"],
    [
      "very many values",
      "/v1/completions",
      `{"model":"cliff","prompt":"a","stop":[${many(60_000, 1).join()}]}`,
      400,
      "more than 50000 values",
    ],
    [
      "many lists in a list",
      "/v1/completions",
      `{"model":"cliff","prompt":[[${many(60_000, "[]").join()}]]}`,
      400,
      "room for 255",
    ],
    ["an id and deep lists", "/v1/completions", `{"model":"cliff","prompt":[1,${deep(50_000)}]}`, 400, "deeper than"],
    ["too many ids", "/v1/completions", JSON.stringify({ model: "cliff", prompt: many(300, 1) }), 400, "room for 255"],
    [
      "a text too long",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: "how ".repeat(40_000) }),
      400,
      "room for 255",
    ],
    [
      "too large",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: "a".repeat(200_001) }),
      413,
      "larger than 200000 bytes",
    ],
    [
      "tokens of all rows",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: many(6, many(100, 5)) }),
      400,
      "600 tokens together, and 500 may",
    ],
    [
      "an unknown token",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: [1e9] }),
      400,
      "There is no token",
    ],
    ["an id below 0", "/v1/completions", JSON.stringify({ model: "cliff", prompt: [-1] }), 400, "There is no token"],
    ["half an id", "/v1/completions", JSON.stringify({ model: "cliff", prompt: [0.5] }), 400, ""],
    ["nothing", "/v1/completions", JSON.stringify({ model: "cliff", prompt: [] }), 400, "no prompt"],
    ["an empty text", "/v1/completions", JSON.stringify({ model: "cliff", prompt: "" }), 400, ""],
    ["mixed prompts", "/v1/completions", JSON.stringify({ model: "cliff", prompt: ["a", [1]] }), 400, ""],
    [
      "a model with a long name",
      "/v1/completions",
      JSON.stringify({ model: "m".repeat(100_000), prompt: "a" }),
      404,
      "There is no model",
    ],
    [
      "a model named as a part of every object",
      "/v1/completions",
      JSON.stringify({ model: "__proto__", prompt: "a" }),
      404,
      "There is no model",
    ],
    [
      "an adapter named so",
      "/v1/completions",
      JSON.stringify({ model: "cliff", adapter: "constructor", prompt: "a" }),
      400,
      "has no adapter",
    ],
    ["an n that is none", "/v1/completions", JSON.stringify({ model: "cliff", prompt: "a", n: 0 }), 400, ""],
    [
      "tokens of a number that is none",
      "/v1/completions",
      '{"model":"cliff","prompt":"a","max_tokens":1e999}',
      400,
      "",
    ],
    [
      "half a character",
      "/v1/chat/completions",
      '{"model":"cliff","messages":[{"role":"user","content":"\\ud800"}],"max_tokens":1}',
      200,
      "",
    ],
    [
      "an empty stop",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: "how", max_tokens: 1, stop: "" }),
      400,
      "",
    ],
    [
      "a template variable of that name",
      "/v1/chat/completions",
      '{"model":"cliff","messages":[{"role":"user","content":"hello"}],"chat_template_kwargs":{"messages":"x","__proto__":"y"},"max_tokens":1}',
      400,
      "",
    ],
    [
      "heads beyond the model",
      "/v1/completions",
      JSON.stringify({ model: "cliff", prompt: "how", interventions: { heads: [{ layer: 1e15, head: 0 }] } }),
      400,
      "there is no head",
    ],
    [
      "a factor of no number",
      "/v1/completions",
      '{"model":"cliff","prompt":"how","interventions":{"heads":[{"layer":0,"head":0,"scale":1e999}]}}',
      400,
      "",
    ],
  ])("%s", async (_, path, body, status, message) => {
    const told = await send(path, body);
    expect([told.status, told.status === 200 ? "" : told.body.error.message]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
    if (status !== 200) expect(told.body.error.message.length).toBeLessThan(2_100);
    await settled();
  });

  it.each([
    ["half an escape", "/v1/models/%", 404],
    ["bytes that are no UTF-8", "/v1/models/%ff", 404],
    ["a name of every object", "/v1/models/__proto__", 404],
    ["another path", "/%", 404],
  ])("nor is a path: %s", async (_, path, status) => {
    const answer = await fetch(`${server.url}${path}`);
    expect([answer.status, await answer.json()]).toEqual([status, { error: expect.anything() }]);
  });
});

describe("who leaves costs nothing any more", () => {
  it.each([
    ["a list, rows waiting and running", { prompt: many(6, "how"), stream: false }],
    ["a stream", { prompt: many(3, "how"), stream: true }],
  ])("%s", async (_, body) => {
    const leaving = new AbortController();
    const init = { method: "POST", headers: { "content-type": "application/json" }, signal: leaving.signal };
    const text = JSON.stringify({ model: "cliff", max_tokens: 200, temperature: 9, ...body });
    const asked = fetch(`${server.url}/v1/completions`, { ...init, body: text }).catch(() => undefined);
    while ((await rows()) === 0);
    leaving.abort();
    await asked;
    await settled();
  });

  it("nor does one that does not send its body to the end", async () => {
    const { port } = new URL(server.url);
    const sockets = many(20, 0).map(() => connect(Number(port), "127.0.0.1"));
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write(
        `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{"model"`,
      );
    }
    expect((await complete({ prompt: "how" })).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await settled();
  });
});

describe("the queue", () => {
  it("counts rows: who comes when it is full comes again later; another client's row is written before a list ends", async () => {
    const leaving = new AbortController();
    const init = { method: "POST", headers: { "content-type": "application/json" }, signal: leaving.signal };
    const body = JSON.stringify({ model: "cliff", prompt: many(6, "how"), max_tokens: 250, temperature: 9 });
    let over = false;
    const asked = fetch(`${server.url}/v1/completions`, { ...init, body }).then(
      (answer) => answer.text().then(() => (over = true)),
      () => {},
    );
    while ((await rows()) < 6);
    const full = await complete({ prompt: many(3, "how") });
    expect([full.status, full.body.error.code]).toEqual([429, "queue_full"]);
    expect(full.body.error.message).toBe("6 rows are waiting or being written, and 8 may; this would be 3 more");
    expect((await complete({ prompt: "how", max_tokens: 1 })).status).toBe(200);
    expect(over).toBe(false);
    leaving.abort();
    await asked;
    await settled();
  });
});

describe("other machines", () => {
  it.each([
    ["127.0.0.1", undefined, false, true],
    ["127.1.2.3", undefined, false, true],
    ["localhost", undefined, false, true],
    ["::1", undefined, false, true],
    ["0.0.0.0", undefined, false, false],
    ["::", undefined, false, false],
    ["", undefined, false, false],
    ["192.168.0.7", undefined, false, false],
    ["127.0.0.1.evil.example", undefined, false, false],
    ["0.0.0.0", "key", false, true],
    ["0.0.0.0", undefined, true, true],
  ])("%j with key %j and open %j: %j", (host, apiKey, open, may) => {
    expect(openProblem({ host, apiKey, open }) === undefined).toBe(may);
  });

  it("a server refuses to start so", async () => {
    await expect(startServer({ models: [], host: "0.0.0.0", port: 0 })).rejects.toThrow("no key is asked for");
  });
});
