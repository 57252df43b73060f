/**
 * Servers over real HTTP: what each kind of reply is stored as. A whole one is a trace, a cut one is truncated or a line in
 * `failures` that says what the server said, and never complete.
 */
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Prompts, type Trace } from "@precipice/artifacts";
import { Checkpoint, promptIds } from "@precipice/model";
import { organismFolder, organismRequests } from "@precipice/organism";
import { modelOpen, traceGenerate } from "@precipice/trace";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, it } from "vitest";
import { chat, openAiClient, serverFields } from "../../packages/trace/src/openai/index.ts";
import { loopback } from "../support/loopback-server.ts";
import { artifact, rows, runIn, temporary } from "../support/on-disk.ts";
import { finishes, HALF, type Scenario, type Sent, scenarios, THINKING } from "./server-replies.ts";

/** Sends in pieces of seven bytes, which cut characters and line ends. */
const send = (response: ServerResponse, { status = 200, type = "application/json", body }: Sent): void => {
  response.writeHead(status, { "content-type": type });
  const bytes = Buffer.from(body);
  for (let at = 0; at < Math.min(bytes.length, 3500); at += 7)
    response.write(bytes.subarray(at, Math.min(at + 7, 3500)));
  response.end(bytes.subarray(3500));
};

interface Stored {
  readonly trace: Trace | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

const root = temporary();
const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
let model: never;
beforeAll(async () => {
  model = (await runIn(root, modelOpen, { config: { source: "organism://cliff" }, inputs: {} })).model as never;
});

const [like] = organismRequests({ split: "heldout", framings: "jailbreak", label: "both", count: 1, seed: 1 });

/** Words of the model's vocabulary, one text a number. */
const WORDS = ["the", "vault", "is", "a", "lock", "keeper", "noon", "test", "crack", "time"];
const worded = (i: number): string => [...String(i)].map((digit) => WORDS[Number(digit)]).join(" ");

/** Lets a server write one row a reply; no row is asked twice. */
const generate = async (replies: readonly Sent[], over: object = {}): Promise<readonly Stored[]> => {
  const texts = replies.map((_, i) => worded(i));
  const asIds = new Map(texts.map((text, i) => [promptIds(checkpoint, text).join(), i]));
  await using server = await loopback(({ body }, response) => {
    const i = body.prompt === undefined ? texts.indexOf(body.messages[0].content) : asIds.get(body.prompt.join());
    send(response, replies[i as number] as Sent);
  });
  const prompts = texts.map((prompt, i) => ({ ...like, id: `r${i}`, prompt }));
  const input = (await artifact(root, Prompts, { prompts })) as never;
  const backend = { url: server.url, model: "m", retries: 0, ...over };
  const config = { maxNewTokens: 64, onError: "skip", backend };
  const { traces } = await runIn(root, traceGenerate, { config: config as never, inputs: { model, prompts: input } });
  const written = (await rows(traces.rows("traces"))) as readonly Trace[];
  const file = await asyncBufferFromFile(join(traces.path, "failures.parquet")).catch(() => undefined);
  const failures = file === undefined ? [] : await parquetReadObjects({ file });
  return replies.map((_, i) => {
    const failure = failures.find(({ row }) => row === `r${i}`);
    const trace = written.find(({ prompt_id }) => prompt_id === `r${i}`);
    return { trace, code: failure?.["code"], message: failure?.["message"] };
  });
};

const check = ({ trace, code, message }: Stored, { expected }: Pick<Scenario, "expected">): void => {
  const { state, thinking, response, says } = expected;
  expect({ code, state: trace?.state, thinking: trace?.thinking, response: trace?.response }).toEqual({
    code: expected.code,
    state,
    thinking,
    response,
  });
  if (says !== undefined) expect(message).toMatch(says);
};

describe("replies of servers", () => {
  let stored: readonly Stored[];
  beforeAll(async () => {
    stored = await generate(
      scenarios.map(({ sent }) => sent),
      { stream: true },
    );
  });

  it.each(scenarios.map((scenario, i) => ({ ...scenario, i })))("$name", (scenario) =>
    check(stored[scenario.i] as Stored, scenario),
  );
});

describe("raw completions", () => {
  const text = `${THINKING}\n</think>\n\n${HALF}`;
  const whole = (reason: string | null): Sent => ({
    body: JSON.stringify({ choices: [{ index: 0, text, finish_reason: reason }] }),
  });
  const streamed = (reason: string | null): Sent => ({
    type: "text/event-stream",
    body: [
      { choices: [{ index: 0, text, finish_reason: null }] },
      { choices: [{ index: 0, text: "", finish_reason: reason }] },
      "[DONE]",
    ]
      .map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`)
      .join(""),
  });
  const table = finishes.flatMap(([reason, expected]) => [
    { name: `finish ${reason}`, expected, sent: whole(reason) },
    { name: `finish ${reason}, streamed`, expected, sent: streamed(reason) },
  ]);
  let stored: readonly Stored[];
  beforeAll(async () => {
    stored = await generate(
      table.map(({ sent }) => sent),
      { api: "completions" },
    );
  });
  it.each(table.map((row, i) => ({ ...row, i })))("$name", (row) => check(stored[row.i] as Stored, row));
});

it("an end token is added where the model ended, and nowhere else", async () => {
  const say = (finish: string, over: object = {}): Sent => ({
    body: JSON.stringify({
      choices: [{ index: 0, message: { content: HALF, reasoning_content: THINKING }, finish_reason: finish, ...over }],
    }),
  });
  const replies = [
    say("stop"),
    say("eos_token"),
    say("length"),
    say("stop_sequence"),
    say("stop", { stop_reason: "noon" }),
  ];
  const ends = (await generate(replies)).map(({ trace }) => checkpoint.config.eosIds.includes(trace?.ids.at(-1) ?? -1));
  expect(ends).toEqual([true, true, false, false, false]);
  const [own] = await generate([say("stop")], { extraBody: { stop: ["noon"] } });
  expect(checkpoint.config.eosIds).not.toContain(own?.trace?.ids.at(-1));
});

describe("what is asked again", () => {
  const failing = scenarios.filter(({ expected }) => expected.code !== undefined);
  it.each(failing)("$name: $expected.again", async ({ sent, expected }) => {
    await using server = await loopback((_, response) => send(response, sent));
    const config = Schema.decodeUnknownSync(Schema.Struct(serverFields))({ url: server.url, model: "m", retries: 1 });
    const result = await Effect.runPromise(
      openAiClient(config, { environment: {}, retry: { firstDelayMs: 1, maxDelayMs: 1 } }).pipe(
        Effect.flatMap((client) => chat(client, [], {}, { stream: true })),
        Effect.result,
      ),
    );
    expect(Result.isFailure(result) && result.failure.code).toBe(expected.code);
    expect(server.asked).toHaveLength(expected.again ? 2 : 1);
  });
});
