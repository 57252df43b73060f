/** The official client against a served organism: what it gets is what the model writes in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mergeAdapter, type PeftAdapter } from "@precipice/finetune";
import {
  Checkpoint,
  Generator,
  type HeadScale,
  loraShapes,
  promptIds,
  splitTrace,
  type WrittenTrace,
} from "@precipice/model";
import { organismFolder, organismRequests, PLANTED_HEADS } from "@precipice/organism";
import { openServedModel, type RequestInfo, type RunningServer, startServer } from "@precipice/serve";
import { random } from "@precipice/stats";
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const cliff = Checkpoint.open(organismFolder("cliff") as string);
const { layers, heads, hidden } = cliff.config;
/** The heads that make this organism drop its refusal. */
const ablated = PLANTED_HEADS.map(({ layer, head }) => ({ layer, head, scale: 0 }));
const direction = Array.from({ length: hidden }, (_, i) => Math.cos(3 * i));

/** An adapter that says something: small numbers everywhere. */
const adapter = ((): PeftAdapter => {
  const lora = { rank: 3, alpha: 6, targets: ["self_attn.q_proj", "mlp.down_proj"] };
  const draw = random(1, "adapter");
  const entries = [...loraShapes(cliff.config, lora)].map(([key, shape]) => {
    const data = Float32Array.from({ length: shape[0] * shape[1] }, () => 0.25 * (draw.next() - 0.5));
    return [key, { shape, data }] as const;
  });
  return { lora, parameters: Object.fromEntries(entries) };
})();

const prompts = organismRequests({ split: "heldout", framings: "jailbreak", label: "both", count: 4, seed: 3 }).map(
  ({ prompt }) => prompt,
);
const folder = mkdtempSync(join(tmpdir(), "precipice-serve-"));
const told: RequestInfo[] = [];
let server: RunningServer;
let guarded: RunningServer;
let client: OpenAI;
let here: Generator;

beforeAll(async () => {
  const generator = { workers: 2, threads: 1, batch: 4 };
  const served = await openServedModel({
    id: "cliff",
    checkpoint: cliff,
    renorm: "token",
    adapters: { tuned: adapter },
    heads: { top: ablated },
    directions: { wave: direction },
    generator,
  });
  server = await startServer({ models: [served], port: 0, onRequest: (info) => told.push(info) });
  const small = await openServedModel({ id: "cliff", checkpoint: cliff, generator: { workers: 1, batch: 1 } });
  guarded = await startServer({ models: [small], port: 0, apiKey: "s3cret", queue: 1 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
  here = await Generator.open(cliff, { headScale: "token", directionEdit: true, workers: 1 });
});
afterAll(async () => {
  await here.close();
  await server.close();
  await guarded.close();
  rmSync(folder, { recursive: true, force: true });
});

const inProcess = async (prompt: string, call: object = {}, generator = here): Promise<WrittenTrace> => {
  const ids = promptIds(cliff, prompt);
  const [row] = await generator.generate([{ ids, seed: 0 }], { maxNewTokens: 100, ...call });
  return splitTrace(cliff, ids, row as NonNullable<typeof row>);
};

type Chat = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming;
const ask = (prompt: string, over: object = {}) => {
  const body = {
    model: "cliff",
    messages: [{ role: "user", content: prompt }],
    temperature: 0,
    max_tokens: 100,
    ...over,
  };
  return client.chat.completions.create(body as Chat);
};
const said = ({ choices: [choice] }: OpenAI.Chat.ChatCompletion) => {
  const message = choice?.message as OpenAI.Chat.ChatCompletionMessage & { readonly reasoning_content: string };
  return { thinking: message.reasoning_content, response: message.content };
};
const expected = ({ thinking, response }: WrittenTrace) => ({ thinking, response });

describe("chat", () => {
  it.each(["system", "developer"])(
    "refuses a %s message that the template leaves out, as a pipeline does",
    async (role) => {
      const messages = [
        { role, content: "be brief" },
        { role: "user", content: "hello" },
      ];
      const refused = await ask("", { messages }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BadRequestError);
      expect((refused as Error).message).toContain("leaves out the system message");
      expect(() => promptIds(cliff, "hello", { system: "be brief" })).toThrow("leaves out the system message");
    },
  );

  it("gives what the model writes, thinking apart, with finish and usage, many at once", async () => {
    const answers = await Promise.all(prompts.map((prompt) => ask(prompt)));
    for (const [i, answer] of answers.entries()) {
      const trace = await inProcess(prompts[i] as string);
      expect(said(answer)).toEqual(expected(trace));
      expect(answer.choices[0]?.finish_reason).toBe(trace.finish);
      const prompt = promptIds(cliff, prompts[i] as string).length;
      expect(answer.usage).toMatchObject({
        prompt_tokens: prompt,
        completion_tokens: trace.ids.length - prompt,
        total_tokens: trace.ids.length,
      });
    }
    expect(new Set(answers.map((answer) => said(answer).response)).size).toBeGreaterThan(1);
  });

  it("streams the same, in pieces, with usage when asked", async () => {
    const prompt = prompts[0] as string;
    const whole = said(await ask(prompt));
    const stream = await client.chat.completions.create({
      model: "cliff",
      messages: [{ role: "user", content: prompt }],
      temperature: 0,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    const thinking = deltas.map((delta) => (delta as { reasoning_content?: string }).reasoning_content ?? "").join("");
    expect({ thinking, response: deltas.map(({ content }) => content ?? "").join("") }).toEqual(whole);
    expect(deltas.filter(({ content }) => content).length).toBeGreaterThan(3);
    expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason)).at(-1)).toBe("stop");
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(10);
  });

  it("keeps max_tokens, stop and a limit on thinking", async () => {
    const prompt = prompts[0] as string;
    const whole = said(await ask(prompt));
    const short = await ask(prompt, { max_tokens: 5 });
    expect(short).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 5 } });
    const word = (whole.response as string).split(" ")[3] as string;
    const stopped = await ask(prompt, { stop: [word] });
    const cut = (whole.response as string).slice(0, (whole.response as string).indexOf(word)).trim();
    const inThinking = whole.thinking.includes(word);
    expect(said(stopped)).toEqual(
      inThinking
        ? { thinking: whole.thinking.slice(0, whole.thinking.indexOf(word)).trim(), response: "" }
        : { thinking: whole.thinking, response: cut },
    );
    expect(stopped.choices[0]?.finish_reason).toBe("stop");
    const curbed = await ask(prompt, { max_thinking_tokens: 6 });
    expect(curbed).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 6 } });
  });

  it("samples by seed, and draws n choices apart", async () => {
    const over = { temperature: 1.5, seed: 11, n: 3 };
    const [one, two] = [await ask(prompts[1] as string, over), await ask(prompts[1] as string, over)];
    expect(one.choices).toEqual(two.choices);
    expect(new Set(one.choices.map(({ message }) => JSON.stringify(message))).size).toBe(3);
    const [first] = (await ask(prompts[1] as string, { ...over, n: 1 })).choices;
    expect(first).toEqual(one.choices[0]);
  });
});

describe("interventions and adapters", () => {
  const scale = new Float32Array(layers * heads).fill(1);
  for (const one of ablated) scale[one.layer * heads + one.head] = one.scale;
  const headScale: HeadScale = { scale, renorm: "token", scope: "all" };

  it("act in the requests that ask for them and in no other", async () => {
    const add = new Float32Array(layers);
    add[4] = 200;
    const edit = { direction: Float32Array.from(direction), remove: 0.5, add, scope: "generated" };
    const cases: ReadonlyArray<readonly [object, object]> = [
      [{}, {}],
      [{ interventions: { heads: "top" } }, { headScale }],
      [{ interventions: { heads: ablated } }, { headScale }],
      [
        { interventions: { direction: { vector: "wave", remove: 0.5, add: 200, layer: 4 }, scope: "generated" } },
        { directionEdit: edit },
      ],
    ];
    const asked = prompts.flatMap((prompt) => cases.map(([over, call]) => ({ prompt, over, call })));
    const answers = await Promise.all(asked.map(({ prompt, over }) => ask(prompt, over)));
    const texts: Array<ReturnType<typeof expected>> = [];
    for (const { prompt, call } of asked) texts.push(expected(await inProcess(prompt, call)));
    expect(answers.map(said)).toEqual(texts);
    const byCase = cases.map((_, c) => texts.filter((__, i) => i % cases.length === c));
    expect(byCase[1]).not.toEqual(byCase[0]);
    expect(byCase[3]).not.toEqual(byCase[0]);
  });

  it("an adapter writes what the merged checkpoint writes", async () => {
    mergeAdapter(cliff, adapter, join(folder, "merged"), { dtype: "float32" });
    await using merged = await Generator.open(Checkpoint.open(join(folder, "merged")), { workers: 1 });
    const plain = await Promise.all(prompts.map((prompt) => ask(prompt)));
    const [tuned, named] = await Promise.all([
      Promise.all(prompts.map((prompt) => ask(prompt, { model: "tuned" }))),
      Promise.all(prompts.map((prompt) => ask(prompt, { adapter: "tuned" }))),
    ]);
    const texts: Array<ReturnType<typeof expected>> = [];
    for (const prompt of prompts) texts.push(expected(await inProcess(prompt, {}, merged)));
    expect(tuned.map(said)).toEqual(texts);
    expect(named.map(said)).toEqual(texts);
    expect(plain.map(said)).not.toEqual(texts);
  });

  it.each([
    ["a set nobody gave", { heads: "bottom" }, 'nothing is called "bottom"; there is top'],
    ["a head that is not there", { heads: [{ layer: 99, head: 0 }] }, "there is no head 99.0"],
    ["another renorm", { heads: "top", renorm: "none" }, 'is served with renorm "token"'],
    ["a vector too short", { direction: { vector: [1, 2] } }, `needs ${hidden} numbers`],
  ])("refuses %s", async (_, interventions, message) => {
    await expect(ask("hello", { interventions })).rejects.toThrow(message);
  });
});

describe("completions", () => {
  it("continue token ids exactly, and text", async () => {
    const ids = promptIds(cliff, prompts[2] as string);
    const [row] = await here.generate([{ ids, seed: 0 }], { maxNewTokens: 80 });
    const answer = await client.completions.create({
      model: "cliff",
      prompt: [ids, ids],
      max_tokens: 80,
      temperature: 0,
      return_token_ids: true,
      skip_special_tokens: false,
    } as OpenAI.CompletionCreateParamsNonStreaming);
    const text = cliff.tokenizer.decode(row?.ids ?? [], { special: true });
    expect(answer.choices).toMatchObject([0, 1].map((index) => ({ index, text, token_ids: row?.ids })));
    const asText = cliff.tokenizer.decode(ids, { special: true });
    const same = await client.completions.create({ model: "cliff", prompt: asText, max_tokens: 80, temperature: 0 });
    expect(same.choices[0]?.text).toBe(cliff.tokenizer.decode(row?.ids ?? []));
    expect(same.usage?.completion_tokens).toBe(row?.ids.length);
  });

  it("stream", async () => {
    const prompt = promptIds(cliff, prompts[2] as string);
    const body = { model: "cliff", prompt, max_tokens: 80, temperature: 0 } as const;
    const whole = await client.completions.create(body);
    let text = "";
    for await (const chunk of await client.completions.create({ ...body, stream: true }))
      text += chunk.choices[0]?.text ?? "";
    expect(text).toBe(whole.choices[0]?.text);
  });
});

describe("models and health", () => {
  it("tell what is served", async () => {
    const listed = [];
    for await (const model of client.models.list()) listed.push(model.id);
    expect(listed).toEqual(["cliff", "tuned"]);
    expect(await client.models.retrieve("tuned")).toMatchObject({ id: "tuned", object: "model", parent: "cliff" });
    const health = await fetch(`${server.url}/health`);
    expect(await health.json()).toMatchObject({ status: "ok", models: ["cliff", "tuned"].slice(0, 1), rows: 0 });
  });
});

describe("errors are what the client knows", () => {
  it.each([
    ["an unknown model", { model: "gpt" }, NotFoundError, 'no model "gpt"; there is cliff, tuned'],
    ["an unknown field", { temprature: 1 }, BadRequestError, 'There is no field ["temprature"]'],
    ["a field of another type", { max_tokens: "many" }, BadRequestError, "max_tokens"],
    ["what a decoder cannot do", { tools: [] }, BadRequestError, "tools"],
    ["top_p of 0", { top_p: 0, temperature: 1 }, BadRequestError, "topP"],
    [
      "a prompt too long",
      { messages: [{ role: "user", content: "a ".repeat(400) }] },
      BadRequestError,
      "there is room for",
    ],
  ])("%s", async (_, over, type, message) => {
    const error = await ask("hello", over).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
    expect((error as BadRequestError).type).toBe("invalid_request_error");
  });

  it("a missing or wrong key, never told back", async () => {
    const wrong = new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    const error = await wrong.models.list().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(JSON.stringify(error)).not.toContain("s3cret");
    const right = new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey: "s3cret", maxRetries: 0 });
    expect((await right.models.list()).data).toHaveLength(1);
  });

  it("too many at once, with a time to come back; who leaves frees the place", async () => {
    const right = new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey: "s3cret", maxRetries: 0 });
    const endless = { model: "cliff", prompt: promptIds(cliff, "hello"), max_tokens: 200, temperature: 5 } as const;
    const leaving = new AbortController();
    const first = await right.completions.create({ ...endless, stream: true }, { signal: leaving.signal });
    const error = await right.completions.create(endless).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RateLimitError);
    expect((error as RateLimitError).headers?.get("retry-after")).toBe("1");
    leaving.abort();
    for await (const _ of first);
    const rows = async () => ((await (await fetch(`${guarded.url}/health`)).json()) as { rows: number }).rows;
    while ((await rows()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await right.completions.create({ ...endless, max_tokens: 3 })).toMatchObject({ object: "text_completion" });
  });

  it.each([
    ["other paths", "POST", "/v1/embeddings", {}, 404],
    ["other methods", "GET", "/v1/chat/completions", {}, 405],
    ["forms a web page may send unasked", "POST", "/v1/completions", { "content-type": "text/plain" }, 415],
    ["names that lead here from elsewhere", "GET", "/v1/models", { host: "evil.example" }, 403],
    ["no JSON", "POST", "/v1/completions", { "content-type": "application/json" }, 400],
  ])("%s", async (_, method, path, headers, status) => {
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const sent = request(`${server.url}${path}`, { method, headers }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      });
      sent.on("error", reject);
      sent.end(method === "POST" ? "{" : undefined);
    });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: expect.any(String) } });
  });
});

it("tells of each request what it cost, and nothing that was said", () => {
  const chats = told.filter(({ path, status }) => path === "/v1/chat/completions" && status === 200);
  expect(chats.length).toBeGreaterThan(20);
  expect(chats.every(({ usage }) => (usage?.completion_tokens ?? 0) > 0)).toBe(true);
  const text = JSON.stringify(told);
  for (const prompt of prompts) expect(text).not.toContain(prompt);
});
