/** Servers that send elsewhere, or never end: a key stays with its server, a body with its bounds. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { resolveCommit } from "../../packages/model/src/hub/repository.ts";
import { chat, openAiClient, serverFields } from "../../packages/trace/src/openai/index.ts";
import { chatCompletion, type Loopback, loopback, sendJson } from "../support/loopback-server.ts";
import { storiesHub } from "../support/stories-hub.ts";

const KEY = "s3cret-key";

const ask = async (url: string, over: object = {}) => {
  const config = Schema.decodeUnknownSync(Schema.Struct(serverFields))({ url, model: "m", retries: 1, ...over });
  const result = await Effect.runPromise(
    openAiClient(config, { environment: { A_KEY: KEY }, retry: { firstDelayMs: 1, maxDelayMs: 1 } }).pipe(
      Effect.flatMap((client) => chat(client, [{ role: "user", content: "hello" }])),
      Effect.result,
    ),
  );
  return Result.isSuccess(result) ? result.success.content : `${result.failure.code}: ${result.failure.message}`;
};

const moved = (response: ServerResponse, status: number, location?: string) =>
  response.writeHead(status, location === undefined ? {} : { location }).end("moved");
const originOf = ({ url }: Loopback) => new URL(url).origin;

describe("redirects", () => {
  const withKey = { apiKeyEnv: "A_KEY" };

  it.each([301, 302, 307, 308])("%i to another server: it gets neither key nor prompts", async (status) => {
    await using other = await loopback((_, response) => sendJson(response, chatCompletion("hi")));
    await using first = await loopback((_, response) => moved(response, status, `${other.url}/chat/completions`));
    expect(await ask(first.url, withKey)).toMatch(
      new RegExp(`^E_SERVER_REQUEST: .*redirects \\(${status}\\) to ${originOf(other)}, another server`),
    );
    expect([first.asked.length, other.asked.length]).toEqual([1, 0]);
    // without a key neither: the prompts would go there
    expect(await ask(first.url)).toMatch(/^E_SERVER_REQUEST: .*another server, which gets neither the prompts/);
    expect([first.asked.length, other.asked.length]).toEqual([2, 0]);
  });

  it("on the same server, a POST with its key and text", async () => {
    await using server = await loopback(({ path }, response) =>
      path === "/v1/chat/completions" ? moved(response, 301, "/v2/chat") : sendJson(response, chatCompletion("hi")),
    );
    expect(await ask(server.url, withKey)).toBe("hi");
    expect(server.asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/v1/chat/completions", `Bearer ${KEY}`],
      ["/v2/chat", `Bearer ${KEY}`],
    ]);
    expect(server.asked[1]?.body).toEqual(server.asked[0]?.body);
  });

  it("to another server by way of the same one", async () => {
    await using other = await loopback((_, response) => sendJson(response, chatCompletion("hi")));
    await using first = await loopback(({ path }, response) =>
      moved(response, 307, path === "/v1/chat/completions" ? "/again" : `${other.url}/chat/completions`),
    );
    expect(await ask(first.url, withKey)).toMatch(/^E_SERVER_REQUEST: .*another server/);
    expect(other.asked).toEqual([]);
  });

  it.each([
    ["in a circle", 307, "/v1/chat/completions", 6, /redirects more than 5 times/],
    ["without an address", 307, undefined, 1, /without saying where to/],
    ["to an address that is none", 307, "http://[", 1, /without saying where to/],
    ["to a file", 307, "file:///etc/hostname", 1, /no http:\/\/ address/],
    ["for a GET", 303, "/v1/chat/completions", 1, /for a GET/],
  ] as const)("%s: refused, not tried again", async (_, status, location, requests, says) => {
    await using server = await loopback((_, response) => moved(response, status, location));
    expect(await ask(server.url)).toMatch(says);
    expect(server.asked).toHaveLength(requests);
  });

  it("of a hub to another server: the token stays", async () => {
    await using other = await loopback((_, response) => sendJson(response, { sha: "a".repeat(40), id: "x/y" }));
    const { hub, settings } = await storiesHub();
    hub.fault = (_, { url }) => ({ kind: "status", status: 307, headers: { location: `${originOf(other)}${url}` } });
    const reference = { type: "model", name: "x/y", revision: "main" } as const;
    expect(await resolveCommit(reference as never, { settings: { ...settings, token: KEY } })).toBe("a".repeat(40));
    expect(hub.requests.map(({ authorization }) => authorization)).toEqual([`Bearer ${KEY}`]);
    expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe("bodies", () => {
  /** Writes one piece after another until the other side has gone. */
  const endless = (response: ServerResponse, status: number, type: string, piece: string): void => {
    response.writeHead(status, { "content-type": type });
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  };
  const mebibyte = " ".repeat(2 ** 20);

  it.each([
    ["an answer", 200, "application/json", `{"choices":${mebibyte}`, "E_SERVER_ANSWER"],
    ["one event", 200, "text/event-stream", `data: ${mebibyte}\n`, "E_SERVER_ANSWER"],
    ["an error", 404, "text/plain", "not here ", "E_SERVER_REQUEST"],
  ] as const)("%s without an end", async (_, status, type, piece, code) => {
    await using server = await loopback((_, response) => endless(response, status, type, piece));
    const said = await ask(server.url);
    expect(said).toMatch(new RegExp(`^${code}: `));
    expect(said.length).toBeLessThan(500);
    expect(server.asked).toHaveLength(1);
  });

  it("a stream that says its end and stays open", async () => {
    const text = [{ choices: [{ delta: { content: "hi" }, finish_reason: "stop" }] }, "[DONE]"]
      .map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`)
      .join("");
    await using server = await loopback((_, response) => void response.write(text));
    expect(await ask(server.url)).toBe("hi");
  });

  it("a stream that stalls, and one that only keeps itself alive: the time is up", async () => {
    await using silent = await loopback((_, response) => void response.write('data: {"choices":'));
    expect(await ask(silent.url, { timeoutSeconds: 0.2, retries: 0 })).toMatch(/^E_SERVER_TIMEOUT: .*0\.2 s/);
    await using alive = await loopback((_, response) => {
      const timer = setInterval(() => response.write(": still here\n\n"), 5);
      response.once("close", () => clearInterval(timer));
    });
    expect(await ask(alive.url, { timeoutSeconds: 0.2, retries: 0 })).toMatch(/^E_SERVER_TIMEOUT/);
  });

  it("bytes that are no UTF-8", async () => {
    const bytes = Buffer.from(JSON.stringify(chatCompletion("caf\u00e9")), "latin1");
    await using server = await loopback((_, response) => response.end(bytes));
    expect(await ask(server.url)).toMatch(/^E_SERVER_ANSWER: .*not UTF-8/);
  });

  it("an error that repeats the key", async () => {
    await using server = await loopback(({ headers }, response) =>
      sendJson(response, { error: { message: `no such key: ${headers.authorization}` } }, 401),
    );
    expect(await ask(server.url, { apiKeyEnv: "A_KEY" })).toBe(
      `E_SERVER_KEY: ${server.url}/chat/completions answered 401: no such key: Bearer ***`,
    );
  });

  it("a hub's answer without an end", async () => {
    const server = createServer((_, response) => endless(response, 200, "application/json", mebibyte));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { settings } = await storiesHub();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const reference = { type: "model", name: "x/z", revision: "main" } as const;
    await expect(resolveCommit(reference as never, { settings: { ...settings, endpoint } })).rejects.toMatchObject({
      code: "E_HUB_NETWORK",
      problem: expect.stringContaining("more than 64 MiB"),
    });
    server.closeAllConnections();
    server.close();
  });
});
