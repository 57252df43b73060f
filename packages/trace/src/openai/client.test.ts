import type { ServerResponse } from "node:http";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { chatCompletion, type Loopback, loopback, sendJson } from "../../../../tests/support/loopback-server.ts";
import { chat } from "./chat.ts";
import { type ClientOptions, openAiClient } from "./client.ts";
import { type ServerConfig, serverFields } from "./server-config.ts";
import type { ServerError } from "./server-error.ts";

const quick: ClientOptions = { retry: { firstDelayMs: 1, maxDelayMs: 2, maxRetryAfterMs: 2 }, environment: {} };

const configOf = (server: Loopback, over: object = {}): ServerConfig =>
  Schema.decodeUnknownSync(Schema.Struct(serverFields))({ url: server.url, model: "m", retries: 2, ...over });

const ask = (config: ServerConfig, options = quick, fields: object = {}) =>
  Effect.runPromise(
    openAiClient(config, options).pipe(
      Effect.flatMap((client) => chat(client, [{ role: "user", content: "hello" }], { ...fields })),
      Effect.result,
    ),
  );

const failure = async (answer: Promise<Result.Result<unknown, ServerError>>): Promise<ServerError> => {
  const result = await answer;
  if (Result.isSuccess(result)) throw new Error(`expected a failure, not ${JSON.stringify(result.success)}`);
  return result.failure;
};

describe("the client of an OpenAI-compatible server", () => {
  it("posts model, messages, fields and extraBody, with the key of the environment", async () => {
    await using server = await loopback((_, response) => sendJson(response, chatCompletion("hi")));
    const config = configOf(server, { apiKeyEnv: "A_KEY", extraBody: { top_k: 1 }, url: `${server.url}/` });
    const reply = await ask(config, { ...quick, environment: { A_KEY: " s3cret\n" } }, { temperature: 0 });
    expect(reply).toMatchObject({
      success: { content: "hi", reasoning: null, finishReason: "stop", promptTokens: 7, completionTokens: 3 },
    });
    expect(server.asked).toMatchObject([
      {
        path: "/v1/chat/completions",
        headers: { authorization: "Bearer s3cret", "content-type": "application/json" },
        body: { model: "m", messages: [{ role: "user", content: "hello" }], temperature: 0, top_k: 1 },
      },
    ]);
  });

  it("sends no key without apiKeyEnv, and refuses to start when the variable is empty", async () => {
    await using server = await loopback((_, response) => sendJson(response, chatCompletion("hi")));
    await ask(configOf(server));
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
    const error = await failure(ask(configOf(server, { apiKeyEnv: "NO_KEY" })));
    expect(error).toMatchObject({ code: "E_SERVER_KEY", message: "The environment variable NO_KEY is not set" });
    expect(server.asked).toHaveLength(1);
  });

  it.each(["reasoning_content", "reasoning"])("reads thinking from %s", async (field) => {
    await using server = await loopback((_, response) =>
      sendJson(response, chatCompletion("answer", { [field]: "thought" })),
    );
    expect(await ask(configOf(server))).toMatchObject({ success: { content: "answer", reasoning: "thought" } });
  });

  it.each([
    ["429", 429],
    ["500", 500],
    ["503", 503],
    ["408", 408],
  ])("tries again after %s", async (_, status) => {
    await using server = await loopback((_, response, i) =>
      i < 2
        ? sendJson(response, { error: { message: "busy" } }, status, { "retry-after": "0" })
        : sendJson(response, chatCompletion("hi")),
    );
    expect(await ask(configOf(server))).toMatchObject({ success: { content: "hi" } });
    expect(server.asked).toHaveLength(3);
  });

  it.each([
    ["no JSON", (response) => response.end("<html>proxy</html>")],
    ["cut JSON", (response) => response.end('{"choices": [{"mess')],
    ["an empty body", (response) => response.end()],
    ["JSON of another shape", (response) => sendJson(response, { hello: 1 })],
    ["no choices", (response) => sendJson(response, { choices: [] })],
  ] as ReadonlyArray<
    [
      string,
      Parameters<typeof loopback>[0] extends (a: never, r: infer R, i: never) => unknown ? (r: R) => void : never,
    ]
  >)("tries again after %s, then says so", async (_, send) => {
    await using once = await loopback((_, response, i) =>
      i === 0 ? send(response) : sendJson(response, chatCompletion("hi")),
    );
    expect(await ask(configOf(once))).toMatchObject({ success: { content: "hi" } });
    await using always = await loopback((_, response) => send(response));
    expect(await failure(ask(configOf(always)))).toMatchObject({ code: "E_SERVER_ANSWER" });
    expect(always.asked).toHaveLength(3);
  });

  it("tries again after a cut connection, before and within the answer", async () => {
    await using server = await loopback((_, response, i) => {
      if (i === 0) response.destroy();
      else if (i === 1) {
        response.writeHead(200, { "content-length": "500" });
        response.write('{"choices"');
        setTimeout(() => response.destroy(), 5);
      } else sendJson(response, chatCompletion("hi"));
    });
    expect(await ask(configOf(server))).toMatchObject({ success: { content: "hi" } });
    await using dead = await loopback((_, response) => void response.destroy());
    expect(await failure(ask(configOf(dead)))).toMatchObject({ code: "E_SERVER_CONNECTION" });
  });

  it("gives up on a server that hangs", async () => {
    await using server = await loopback(() => {});
    const error = await failure(ask(configOf(server, { timeoutSeconds: 0.05, retries: 1 })));
    expect(error).toMatchObject({ code: "E_SERVER_TIMEOUT", message: expect.stringContaining("0.05 s") });
    expect(server.asked).toHaveLength(2);
  });

  it.each([
    [401, "E_SERVER_KEY"],
    [403, "E_SERVER_KEY"],
    [400, "E_SERVER_REQUEST"],
    [404, "E_SERVER_REQUEST"],
  ])("does not try again after %i, and tells what the server said but never the key", async (status, code) => {
    await using server = await loopback((_, response) =>
      sendJson(response, { error: { message: "no such\nmodel" } }, status),
    );
    const options = { ...quick, environment: { A_KEY: "s3cret" } };
    const error = await failure(ask(configOf(server, { apiKeyEnv: "A_KEY" }), options));
    expect(error).toMatchObject({ code, status, message: expect.stringContaining("no such model") });
    expect(server.asked).toHaveLength(1);
    expect(JSON.stringify(error)).not.toContain("s3cret");
  });

  it("keeps at most maxConcurrency requests open", async () => {
    await using server = await loopback((_, response) => setTimeout(() => sendJson(response, chatCompletion("hi")), 5));
    await Effect.runPromise(
      openAiClient(configOf(server, { maxConcurrency: 3 }), quick).pipe(
        Effect.flatMap((client) =>
          Effect.forEach(Array.from({ length: 20 }), () => chat(client, []), { concurrency: "unbounded" }),
        ),
      ),
    );
    expect(server.asked).toHaveLength(20);
    expect(server.mostOpen()).toBe(3);
  });
});

describe("a streamed answer", () => {
  const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
  const chunk = (delta: object, finish: string | null = null) => event({ choices: [{ delta, finish_reason: finish }] });
  const whole = [
    chunk({ role: "assistant", content: "" }),
    chunk({ reasoning_content: "hm" }),
    ": a comment\r\n\r\n",
    chunk({ content: "he" }),
    chunk({ content: "llo" }, "stop"),
    event({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 5 } }),
  ];
  const asked = (server: Loopback, over: object = {}) =>
    Effect.runPromise(
      openAiClient(configOf(server, over), quick).pipe(
        Effect.flatMap((client) => chat(client, [], {}, { stream: true })),
        Effect.result,
      ),
    );

  it("is put together, with its usage", async () => {
    await using server = await loopback((_, response) => response.end(`${whole.join("")}data: [DONE]\n\n`));
    expect(await asked(server)).toMatchObject({
      success: { content: "hello", reasoning: "hm", finishReason: "stop", promptTokens: 4, completionTokens: 5 },
    });
    expect(server.asked[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it.each([
    ["ends before its end", (response) => response.end(whole.slice(0, 2).join("")), "E_SERVER_ANSWER"],
    [
      "tells of an error",
      (response) => response.end(`${event({ error: { message: "oh" } })}data: [DONE]\n\n`),
      "E_SERVER_STATUS",
    ],
    [
      "is cut off",
      (response) => {
        response.writeHead(200, { "content-length": "5000" });
        response.write(whole.join(""));
        setTimeout(() => response.destroy(), 5);
      },
      "E_SERVER_CONNECTION",
    ],
    ["is none", (response) => response.end("data: {\n\ndata: [DONE]\n\n"), "E_SERVER_ANSWER"],
  ] as ReadonlyArray<[string, (response: ServerResponse) => unknown, string]>)(
    "is asked for again when it %s",
    async (_, send, code) => {
      await using server = await loopback((_asked, response) => void send(response));
      expect(await failure(asked(server))).toMatchObject({ code });
      expect(server.asked).toHaveLength(3);
    },
  );

  it("that the server withholds is a failure of its own, not tried again", async () => {
    await using server = await loopback((_, response) =>
      response.end(`${chunk({ content: "" }, "content_filter")}data: [DONE]\n\n`),
    );
    expect(await failure(asked(server))).toMatchObject({ code: "E_SERVER_FILTERED" });
    expect(server.asked).toHaveLength(1);
  });
});

it("keeps to requestsPerMinute: the second of two waits its minute", async () => {
  await using server = await loopback((_, response) => sendJson(response, chatCompletion("hi")));
  const first = await Effect.runPromise(
    openAiClient(configOf(server, { requestsPerMinute: 1 }), quick).pipe(
      Effect.flatMap((client) => Effect.raceFirst(chat(client, []), Effect.andThen(Effect.yieldNow, chat(client, [])))),
    ),
  );
  expect(first.content).toBe("hi");
  expect(server.asked).toHaveLength(1);
});
