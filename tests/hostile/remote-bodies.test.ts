/** What a server may send to use up memory or time, or to get a key into what is kept. */
import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { chat, openAiClient, serverFields } from "../../packages/trace/src/openai/index.ts";
import { type Asked, chatCompletion, loopback, sendJson } from "../support/loopback-server.ts";

const KEY = "sk-made-up/0e1f2a3b4c5d";
const TOKEN = "hf_madeuptoken99887766";

type Answer = (asked: Asked, response: ServerResponse, index: number) => unknown;

const ask = async (answer: Answer, over: object = {}, environment: Record<string, string> = {}) => {
  await using server = await loopback(answer);
  const fields = { url: server.url, model: "m", retries: 1, apiKeyEnv: "A_KEY", ...over };
  const config = Schema.decodeUnknownSync(Schema.Struct(serverFields))(fields);
  const waits: string[] = [];
  const options = {
    environment: { A_KEY: KEY, HF_TOKEN: TOKEN, ...environment },
    retry: { firstDelayMs: 1, maxDelayMs: 1 },
    onWait: (message: string) => Effect.sync(() => void waits.push(message)),
  };
  const result = await Effect.runPromise(
    openAiClient(config, options).pipe(
      Effect.flatMap((client) => chat(client, [{ role: "user", content: "hello" }])),
      Effect.result,
    ),
  );
  const said = Result.isSuccess(result) ? result.success : `${result.failure.code}: ${result.failure.message}`;
  return { said, waits, asked: server.asked.length };
};

describe("compressed bodies are bounded by what they unpack to", () => {
  const blanks = Buffer.alloc(80 * 2 ** 20, " ");
  it.each([
    ["gzip", () => gzipSync(blanks, { level: 1 })],
    ["deflate", () => deflateSync(blanks, { level: 1 })],
    ["br", () => brotliCompressSync(blanks, { params: { 1: 1 } })],
    ["zstd", () => zstdCompressSync(blanks)],
  ] as const)("%s", async (encoding, packed) => {
    const bytes = packed();
    const { said, asked } = await ask((_, response) =>
      response.writeHead(200, { "content-encoding": encoding }).end(bytes),
    );
    expect(said).toMatch(/^E_SERVER_ANSWER: .*more than 64 MiB/);
    expect(asked).toBe(1);
  });

  it("a body that is not what its header says", async () => {
    const { said } = await ask((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("{}"));
    expect(said).toMatch(/^E_SERVER_CONNECTION/);
  });
});

describe("streams without an end", () => {
  const endless = (response: ServerResponse, piece: string): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  };
  const much = "a".repeat(2 ** 20);
  it.each([
    ["one line", much],
    ["comments", `: ${much}\n\n`],
    ["chunks", `data: ${JSON.stringify({ choices: [{ delta: { content: much }, finish_reason: null }] })}\n\n`],
  ])("%s", async (_, piece) => {
    expect((await ask((_, response) => endless(response, piece))).said).toMatch(
      /^E_SERVER_ANSWER: .*(MiB|without an end)/,
    );
  });

  it("headers", async () => {
    const { said } = await ask((_, { socket }) => socket?.write(`HTTP/1.1 200 OK\r\nX: ${much}\r\n\r\n`));
    expect(said).toMatch(/^E_SERVER_CONNECTION/);
  });
});

describe("JSON that nests too deep", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const thinking = `${'[{"type":"thinking","thinking":'.repeat(20_000)}"x"${"}]".repeat(20_000)}`;
  it.each([
    ["choices", `{"choices":${deep}}`],
    ["content", `{"choices":[{"finish_reason":"stop","message":{"content":${deep}}}]}`],
    ["thinking", `{"choices":[{"finish_reason":"stop","message":{"content":"a","reasoning":${thinking}}}]}`],
    ["usage", `{"choices":[{"finish_reason":"stop","message":{"content":"a"}}],"usage":{"prompt_tokens":${deep}}}`],
    ["an error", `{"error":${deep}}`],
    ["the place of an error", `{"detail":[{"loc":${deep},"msg":"no"}]}`],
  ])("%s", async (_, body) => {
    // with a key that is looked for in every text, and with none
    for (const environment of [{}, { A_KEY: "EMPTY", HF_TOKEN: "" }]) {
      const { said } = await ask((_, response) => response.end(body), {}, environment);
      expect(String(said).slice(0, 400)).toMatch(/^E_SERVER_(?:ANSWER|STATUS): /);
      expect(String(said).length).toBeLessThan(400);
    }
  });
});

describe("Retry-After", () => {
  it.each([
    ["1e9", 1],
    ["99999999999", 1],
    ["301", 1],
    ["Fri, 31 Dec 2999 23:59:59 GMT", 1],
    ["-5", 2],
    ["Thu, 01 Jan 2015 00:00:00 GMT", 2],
    ["0", 2],
    ["NaN", 2],
  ])("%s: asked %i times, without a long wait", async (value, times) => {
    const { said, asked } = await ask((_, response) => response.writeHead(429, { "retry-after": value }).end());
    expect(said).toMatch(/^E_SERVER_RATE_LIMIT/);
    expect(asked).toBe(times);
    if (times === 1) expect(said).toMatch(/asks to wait \d+ s; at most 300 s are waited/);
  });
});

describe("a key that the server repeats", () => {
  const error = (text: string, status = 401) => ({ error: { message: text }, status });
  it.each<[string, Answer]>([
    ["an error", ({ headers }, response) => sendJson(response, error(`${headers.authorization} ${TOKEN}`), 401)],
    ["cut by the bound of a message", (_, response) => sendJson(response, error("x".repeat(285) + KEY), 400)],
    ["a page", (_, response) => response.writeHead(403).end(`<p>${"x ".repeat(143)}${KEY}</p>`)],
    ["base64", (_, response) => response.writeHead(401).end(Buffer.from(KEY).toString("base64"))],
    ["as a part of an address", (_, response) => response.writeHead(401).end(`/?key=${encodeURIComponent(KEY)}`)],
    ["JSON escapes", (_, response) => response.writeHead(400).end(`{"detail":"${KEY.replace("/", "\\/")}"}`)],
    ["an error in 200", (_, response) => sendJson(response, error(KEY))],
    ["a name of an end", (_, response) => sendJson(response, { choices: [{ message: {}, finish_reason: KEY }] })],
    [
      "a field of another type",
      (_, response) => sendJson(response, { choices: [{ message: { content: { type: KEY } } }] }),
    ],
    ["no JSON", (_, response) => response.end(`hello ${KEY}`)],
    ["an event", (_, response) => response.end(`event: error\ndata: ${"x".repeat(285)}${KEY}\n\n`)],
    ["the answer", (_, response) => sendJson(response, chatCompletion(`a ${KEY} b`, { reasoning: TOKEN }))],
    [
      "pieces of a stream",
      (_, response) => {
        const piece = (content: string, finish_reason: string | null) =>
          `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason }] })}\n\n`;
        response.end(piece(`a ${KEY.slice(0, 9)}`, null) + piece(`${KEY.slice(9)} b`, "stop"));
      },
    ],
  ])("%s", async (_, answer) => {
    const said = JSON.stringify((await ask(answer)).said);
    expect(said).not.toContain(KEY.slice(0, 8));
    expect(said).not.toContain(TOKEN.slice(0, 8));
    expect(said).not.toContain(Buffer.from(KEY).toString("base64"));
  });

  it("a stand-in for a key stays in a reply, and is hidden in errors", async () => {
    const environment = { A_KEY: "EMPTY" };
    const well = await ask((_, response) => sendJson(response, chatCompletion("EMPTY")), {}, environment);
    expect(well.said).toMatchObject({ content: "EMPTY" });
    const ill = await ask((_, response) => sendJson(response, error("not EMPTY"), 401), {}, environment);
    expect(ill.said).toMatch(/not \*\*\*$/);
  });
});
