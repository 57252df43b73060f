/** Both ends of HTTP: what a strange server answers our client, and what a strange client sends our server. */
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { startServer } from "@precipice/serve";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { chat } from "../../packages/trace/src/openai/chat.ts";
import { openAiClient } from "../../packages/trace/src/openai/client.ts";
import { serverFields } from "../../packages/trace/src/openai/server-config.ts";
import { Defect, type Family } from "./family.ts";
import { bytesOf, joinPieces, mutateBytes, pick } from "./mutate.ts";

const event = (json: string): string => `data: ${json}\n\n`;
const delta = (content: string): string => event(`{"choices":[{"index":0,"delta":{"content":"${content}"}}]}`);
const end = event('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}');
const streamed = (body: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${body}`;
const whole = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`;

const ANSWERS = [streamed(`${delta("a")}${delta("b")}${end}data: [DONE]\n\n`), whole];
const EVENTS = [
  delta("a"), end, "data: [DONE]\n\n", ": ping\n\n", "data:\n\n", "data: {}\n\n", "data: null\n\n", "data: [1]\n\n", "event: error\n",
  event('{"error":{"message":"no"}}'), event('{"choices":[]}'), event('{"choices":[{"delta":{"content":7}}]}'), "\r", "\r\n", "\n",
  "id: 1\n", "retry: 99999999\n", "data: \ud83d", event('{"choices":[{"index":9e9,"delta":null}]}'), event('{"usage":{"prompt_tokens":-1}}'),
]; // biome-ignore format: one list

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

export const sse: Family = {
  name: "sse",
  make: (draw) =>
    draw.int(2) === 0
      ? mutateBytes(draw, bytesOf(pick(draw, ANSWERS)))
      : bytesOf(streamed(joinPieces(draw, EVENTS, 12))),
  run: async (input) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(input));
    });
    const port = await listening(server);
    try {
      const fields = { url: `http://127.0.0.1:${port}/v1`, model: "m", retries: 0, timeoutSeconds: 10 };
      const config = Schema.decodeUnknownSync(Schema.Struct(serverFields))(fields);
      const asked = openAiClient(config, { environment: {} }).pipe(
        Effect.flatMap((client) => chat(client, [{ role: "user", content: "hello" }], { stream: true } as never)),
      );
      await Effect.runPromise(asked);
    } finally {
      server.close();
    }
  },
};

const request = (path: string, body: string, more = ""): string =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const REQUESTS = [
  request("/v1/chat/completions", '{"model":"rule","messages":[{"role":"user","content":"hi"}],"stream":true,"n":1}'),
  request(
    "/v1/chat/completions",
    '{"model":"rule","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stop":["a"]}',
  ),
  request("/v1/completions", '{"model":"rule","prompt":["a",[1,2]],"max_tokens":4,"temperature":0}'),
  "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
];

const BODIES = [
  "{", "}", "[", "]", ",", ":", '"model"', '"rule"', '"messages"', '"role"', '"user"', '"content"', "null", "-1", "1e999", '"n"',
  '"stream"', "true", '"prompt"', '"__proto__"', '"\\ud800"', '"max_tokens"', '{"model":"rule","messages":[', "]}", "[".repeat(200),
]; // biome-ignore format: one list

let served: Promise<number> | undefined;
/** One server for all inputs: what one request leaves behind is the next one's trouble. */
const port = (): Promise<number> => {
  served ??= startServer({ models: [], rules: [{ id: "rule", reply: () => "fine" }], port: 0 }).then(({ url }) =>
    Number(new URL(url).port),
  );
  return served;
};

export const http: Family = {
  name: "http",
  make: (draw) =>
    draw.int(3) === 0
      ? bytesOf(request("/v1/chat/completions", joinPieces(draw, BODIES, 14)))
      : mutateBytes(draw, bytesOf(pick(draw, REQUESTS))),
  run: async (input) => {
    const to = await port();
    const answer = await exchange(to, input);
    if (/^HTTP\/1\.1 5/u.test(answer)) throw new Defect(answer.slice(0, 300));
    const after = await exchange(to, bytesOf(REQUESTS[3] as string));
    if (!after.startsWith("HTTP/1.1 200")) throw new Defect(`the next request is answered ${after.slice(0, 100)}`);
  },
};

/** Sends, says that no more comes, and reads until the server ends it. */
const exchange = (to: number, input: Uint8Array): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(to, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text = `${text}${chunk}`.slice(0, 10_000);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? resolve(text) : reject(error)));
    socket.on("close", () => resolve(text));
    socket.end(input);
  });
