/** Rows that come and go: each gets the text it would get alone, whatever runs beside it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { Checkpoint } from "../checkpoint.ts";
import { type LoraShape, loraShapes } from "../decoder/lora.ts";
import type { AdapterWeights } from "./adapter-inputs.ts";
import { Generator } from "./generator.ts";
import { kvCacheBytes } from "./kv-budget.ts";
import { LiveGenerator, type LiveRequest } from "./live-generator.ts";
import type { HeadScale } from "./request.ts";

const checkpoint = Checkpoint.open(fixture("stories260K"));
const { layers, heads, hidden } = checkpoint.config;
const prompts = ["Once upon a time", "The cat", "One day a big dog", "Lily and Tom went to the park"].map((text) =>
  checkpoint.tokenizer.encode(text, "once"),
);
const without = (head: number): HeadScale => ({
  scale: Float32Array.from({ length: layers * heads }, (_, i) => (i === head ? 0 : 1)),
  renorm: "none",
  scope: "all",
});

let closed: Generator;
let live: LiveGenerator;
beforeAll(async () => {
  const built = { headScale: "none", directionEdit: true, maxTokens: 128, workers: 1 } as const;
  closed = await Generator.open(checkpoint, built);
  live = await LiveGenerator.open(checkpoint, { ...built, batch: 3 });
});
afterAll(async () => {
  await closed.close();
  await live.close();
});

const write = async (generator: LiveGenerator, request: LiveRequest) => {
  const told: number[] = [];
  for await (const event of generator.submit(request)) {
    if (event.type === "tokens") told.push(...event.ids);
    else {
      expect(told).toEqual(event.row.ids); // every token was told before the row
      return event.row;
    }
  }
  throw new Error("no row came");
};

const alone = async ({ ids, seed, signal: _, adapter: __, ...call }: LiveRequest) => {
  const [row] = await closed.generate([{ ids, seed }], call);
  return row?.ids;
};

describe("an adapter", () => {
  const lora = { rank: 2, alpha: 4, targets: ["self_attn.q_proj", "mlp.down_proj"] } as const;
  /** Small numbers everywhere: an adapter that says something. */
  const adapterOf = (shape: LoraShape): AdapterWeights => ({
    lora: shape,
    parameters: Object.fromEntries(
      [...loraShapes(checkpoint.config, shape)].map(([key, dims]) => [
        key,
        { shape: dims, data: Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(i + key.length)) },
      ]),
    ),
  });

  it("is an input of each call, and writes what a live row with it writes", async () => {
    const tuned = adapterOf(lora);
    await using generator = await Generator.open(checkpoint, { adapter: lora, maxTokens: 128, workers: 1 });
    await using beside = await LiveGenerator.open(checkpoint, { adapters: { tuned }, maxTokens: 128, workers: 1 });
    const rows = prompts.map((ids, seed) => ({ ids, seed }));
    const idsWith = async (adapter?: AdapterWeights) =>
      (await generator.generate(rows, { maxNewTokens: 16, adapter })).map((row) => row.ids);
    const base = (await closed.generate(rows, { maxNewTokens: 16 })).map((row) => row.ids);
    expect(await idsWith()).toEqual(base);
    const written = await idsWith(tuned);
    expect(written).not.toEqual(base);
    expect(await Promise.all(rows.map((row) => write(beside, { ...row, maxNewTokens: 16, adapter: "tuned" })))).toEqual(
      written.map((ids) => expect.objectContaining({ ids })),
    );
    expect(await idsWith()).toEqual(base); // nothing of it stays
  });

  it("that does not fit is refused before any work", async () => {
    await using generator = await Generator.open(checkpoint, { adapter: lora, maxTokens: 128, workers: 1 });
    const rows = [{ ids: prompts[0] as number[], seed: 1 }];
    const refused = (of: Generator, adapter: AdapterWeights) =>
      expect(of.generate(rows, { maxNewTokens: 1, adapter })).rejects;
    await refused(closed, adapterOf(lora)).toMatchObject({ problem: "the generator was opened without one" });
    await refused(generator, adapterOf({ ...lora, rank: 3 })).toThrow(/at most \[2,/);
    await refused(generator, adapterOf({ ...lora, targets: ["mlp.up_proj"] })).toThrow(/no module that the generator/);
    await refused(generator, { lora, parameters: {} }).toThrow(/is \[missing\], expected \[2,/);
  });
});

describe("rows that join", () => {
  it("get their own text, each with its own limits, sampling, stops and interventions", async () => {
    const direction = Float32Array.from({ length: hidden }, (_, i) => Math.sin(i));
    const edit = { direction, remove: 1, add: new Float32Array(layers), scope: "all" as const };
    const requests: LiveRequest[] = prompts.flatMap((ids, i): LiveRequest[] => [
      { ids, seed: i, maxNewTokens: 20 + i },
      { ids, seed: i, maxNewTokens: 12, sampling: { temperature: 0.9, topP: 0.9 } },
      { ids, seed: i, maxNewTokens: 24, headScale: without(i % 2) },
      { ids, seed: i, maxNewTokens: 16, directionEdit: edit, stopStrings: ["the"] },
    ]);
    const written = await Promise.all(
      requests.map(async (request, i) => {
        await new Promise((resolve) => setTimeout(resolve, 3 * i)); // they come while others run
        return (await write(live, request)).ids;
      }),
    );
    const expected = [];
    for (const request of requests) expected.push(await alone(request));
    expect(written).toEqual(expected);
    expect(new Set(written.map((ids) => ids.slice(0, 12).join())).size).toBeGreaterThan(prompts.length);
    expect(live.rows).toBe(0);
  });

  it("share the memory for keys and values between lanes, and none waits for ever", async () => {
    const one = kvCacheBytes(checkpoint.config, 1, 60);
    await using tight = await LiveGenerator.open(checkpoint, {
      headScale: "none",
      maxTokens: 128,
      workers: 1,
      kvBudgetBytes: 1.5 * one,
    });
    const requests = Array.from({ length: 12 }, (_, i) => {
      const ids = prompts[i % prompts.length] as number[];
      return { ids, seed: i, maxNewTokens: 60 - ids.length, ...(i % 3 === 0 ? {} : { headScale: without(i % 3) }) };
    });
    const written = await Promise.all(requests.map((request) => write(tight, request)));
    const expected = [];
    for (const request of requests) expected.push(await alone(request));
    expect(written.map((row) => row.ids)).toEqual(expected);
  });
});

describe("rows that leave", () => {
  it("free their place when nobody listens any more or the signal says so", async () => {
    const endless = { ids: prompts[0] as number[], seed: 1, maxNewTokens: 100, stopIds: [] };
    for await (const event of live.submit(endless)) if (event.type === "tokens") break;
    const stop = new AbortController();
    const stopped = write(live, { ...endless, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 10);
    await expect(stopped).rejects.toThrow("enough");
    expect(live.rows).toBe(0);
    const next = await write(live, { ...endless, maxNewTokens: 5 });
    expect(next.ids).toEqual(await alone({ ...endless, maxNewTokens: 5 }));
  });

  it("all, when it closes", async () => {
    const own = await LiveGenerator.open(checkpoint, { workers: 1, maxTokens: 128 });
    const rows = [1, 2].map((seed) =>
      write(own, { ids: prompts[0] as number[], seed, maxNewTokens: 100, stopIds: [] }),
    );
    const settled = Promise.allSettled(rows);
    await own.close();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(write(own, { ids: [1], seed: 1, maxNewTokens: 1 })).rejects.toThrow("was closed");
  });
});

it("refuses what makes no sense before any work", async () => {
  const ids = prompts[0] as number[];
  await expect(write(live, { ids, seed: 1, maxNewTokens: 0 })).rejects.toMatchObject({ what: "maxNewTokens" });
  await expect(write(live, { ids, seed: 1, maxNewTokens: 1, adapter: "x" })).rejects.toMatchObject({ what: "adapter" });
  const tokens = async () => {
    for await (const _ of live.submit({ ids: [99999], seed: 1, maxNewTokens: 1 }));
  };
  await expect(tokens()).rejects.toMatchObject({ _tag: "DecoderError" });
});
