/** `trace.generate` on a server against the same in this process: through each interface the traces are the same, token by token. */
import { Prompts, type Trace } from "@precipice/artifacts";
import { Checkpoint } from "@precipice/model";
import { organismFolder, organismRequests } from "@precipice/organism";
import { openServedModel, type RunningServer, startServer } from "@precipice/serve";
import { modelOpen, traceGenerate } from "@precipice/trace";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifact, rows, runIn, temporary } from "../support/on-disk.ts";

const root = temporary();
const prompts = organismRequests({ split: "heldout", framings: "jailbreak", label: "both", count: 8, seed: 4 });
let server: RunningServer;
let inputs: { model: never; prompts: never };

beforeAll(async () => {
  const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
  const generator = { workers: 1, threads: 1, batch: 8 };
  server = await startServer({ models: [await openServedModel({ id: "cliff", checkpoint, generator })], port: 0 });
  inputs = {
    model: (await runIn(root, modelOpen, { config: { source: "organism://cliff" }, inputs: {} })).model as never,
    prompts: (await artifact(root, Prompts, { prompts })) as never,
  };
});
afterAll(() => server.close());

const generate = async (config: object) => {
  const full = { maxNewTokens: 96, workers: 1, threads: 1, metrics: "gen", ...config };
  const { traces, metrics } = await runIn(root, traceGenerate, { config: full as never, inputs });
  return {
    traces: (await rows(traces.rows("traces"))) as readonly Trace[],
    metrics: Object.fromEntries((await rows(metrics.rows("metrics"))).map(({ key, value }) => [key, value])),
  };
};
const backend = (over: object = {}) => ({ backend: { url: `${server.url}/v1`, model: "cliff", ...over } });

describe("trace.generate with a backend", () => {
  it.each([
    ["chat", {}],
    ["chat, streamed", { stream: true }],
    ["completions", { api: "completions" }],
    ["completions, streamed", { api: "completions", stream: true }],
    ["completions that tell their tokens", { api: "completions", extraBody: { return_token_ids: true } }],
    ["chat that tells its tokens, streamed", { stream: true, extraBody: { return_token_ids: true } }],
  ])("%s: the same traces as in this process", async (_, over) => {
    const here = await generate({ arm: "a" });
    const there = await generate({ arm: "a", ...backend(over) });
    expect(there.traces).toEqual(here.traces);
    expect(new Set(there.traces.map(({ response }) => response)).size).toBeGreaterThan(3);
    expect(there.metrics).toMatchObject({ "gen.prompt_mismatch": 0, "gen.completion_mismatch": 0 });
    const tokens = here.traces.reduce((sum, { ids }) => sum + ids.length, 0);
    expect((there.metrics["gen.prompt_tokens"] ?? 0) + (there.metrics["gen.completion_tokens"] ?? 0)).toBe(tokens);
  });

  it("a thinking that was cut off stays without a response", async () => {
    for (const over of [{}, { api: "completions" }]) {
      const here = await generate({ maxNewTokens: 12 });
      expect((await generate({ maxNewTokens: 12, ...backend(over) })).traces).toEqual(here.traces);
      expect(here.traces.every(({ state }) => state === "unclosed")).toBe(true);
    }
  });

  it("samples by the row's own seed, and prices what it took", async () => {
    const pricePerMillion = { prompt: 1e6, completion: 2e6 };
    const sampled = { temperature: 1.2, topP: 0.95, seed: 3, ...backend({ pricePerMillion }) };
    const [one, two] = [await generate(sampled), await generate(sampled)];
    expect(one.traces).toEqual(two.traces);
    const { "gen.prompt_tokens": prompt = 0, "gen.completion_tokens": completion = 0, "gen.cost": cost } = one.metrics;
    expect(cost).toBe(prompt + 2 * completion);
    expect((await generate({ ...sampled, seed: 4 })).traces.map(({ ids }) => ids)).not.toEqual(
      one.traces.map(({ ids }) => ids),
    );
  });

  it("refuses what no server knows, and passes on what this one refuses", async () => {
    await expect(generate({ maxThinkingTokens: 5, ...backend() })).rejects.toMatchObject({ code: "E_BACKEND" });
    await expect(generate(backend({ model: "other" }))).rejects.toMatchObject({
      code: "E_SERVER_REQUEST",
      message: expect.stringContaining('no model "other"'),
    });
  });
});
