/**
 * Test support only: a server of chat completions that fails in eight ways. A share of all requests fails by chance; some rows
 * always fail, each in a way of its own, so that what becomes of them can be checked. It keeps count of what it answered.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { random } from "@precipice/stats";

/** Each way with the code that a row gets which always fails so. */
export const FAULTS = {
  "429 with Retry-After": "E_SERVER_RATE_LIMIT",
  "500": "E_SERVER_STATUS",
  "503": "E_SERVER_STATUS",
  "no answer at all": "E_SERVER_TIMEOUT",
  "connection cut before the answer": "E_SERVER_CONNECTION",
  "answer cut in the middle": "E_SERVER_CONNECTION",
  "half of the JSON": "E_SERVER_ANSWER",
  "an empty answer": "E_SERVER_ANSWER",
} as const;
export type Fault = keyof typeof FAULTS;
const ways = Object.keys(FAULTS) as Fault[];

export interface FaultServer extends AsyncDisposable {
  /** Base address, with /v1. */
  readonly url: string;
  readonly requests: number;
  /** How often each way of failing was gone. */
  readonly faults: ReadonlyMap<Fault, number>;
  /** Whole answers by the text of the prompt. */
  readonly answers: ReadonlyMap<string, number>;
}

export interface FaultServerOptions {
  /** Share of requests that fail. */
  readonly share: number;
  readonly seed: number;
  /** How a prompt always fails, if it does. */
  readonly always?: (prompt: string) => Fault | undefined;
  readonly latencyMs?: number;
  /** Called after each whole answer. */
  readonly onAnswer?: (answers: number) => void;
}

/** What it answers: one line of thinking and one of text, by the prompt. */
export const replyTo = (prompt: string) => ({ thinking: `they say ${prompt} .`, response: `sure , ${prompt} .` });

export const faultServer = async (options: FaultServerOptions): Promise<FaultServer> => {
  const { share, seed, always, latencyMs = 2, onAnswer } = options;
  const draw = random(seed, "faults");
  const faults = new Map<Fault, number>();
  const answers = new Map<string, number>();
  let requests = 0;
  let whole = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests++;
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const prompt = body.messages.at(-1).content as string;
      const chance = draw.next() < share ? (ways[draw.int(ways.length)] as Fault) : undefined;
      const fault = always?.(prompt) ?? chance;
      if (fault !== undefined) {
        faults.set(fault, (faults.get(fault) ?? 0) + 1);
        return misbehave(response, fault, completionFor(prompt));
      }
      setTimeout(() => {
        if (response.destroyed) return;
        response.writeHead(200, { "content-type": "application/json" });
        response.end(completionFor(prompt), () => {
          answers.set(prompt, (answers.get(prompt) ?? 0) + 1);
          onAnswer?.(++whole);
        });
      }, latencyMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get requests() {
      return requests;
    },
    faults,
    answers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const completionFor = (prompt: string): string => {
  const { thinking, response } = replyTo(prompt);
  const message = { role: "assistant", content: response, reasoning_content: thinking };
  return JSON.stringify({ object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] });
};

const misbehave = (response: ServerResponse, fault: Fault, text: string): void => {
  const json = { "content-type": "application/json" };
  if (fault === "no answer at all") return;
  if (fault === "connection cut before the answer") response.destroy();
  else if (fault === "answer cut in the middle") {
    response.writeHead(200, { ...json, "content-length": `${text.length}` });
    response.write(text.slice(0, text.length / 2));
    setTimeout(() => response.destroy(), 2);
  } else if (fault === "half of the JSON") response.writeHead(200, json).end(text.slice(0, text.length / 2));
  else if (fault === "an empty answer") response.writeHead(200, json).end();
  else {
    const status = fault === "500" ? 500 : fault === "503" ? 503 : 429;
    response.writeHead(status, { ...json, ...(status === 429 ? { "retry-after": "1" } : {}) });
    response.end('{"error":{"message":"not now"}}');
  }
};
