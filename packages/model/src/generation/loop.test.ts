/** The loop itself, its runs counted: it stops before the next one, takes long prompts in chunks and keeps to its memory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ResidentTensor, RuntimeSession } from "@precipice/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alteredCopy } from "../../../../tests/support/checkpoint-folder.ts";
import { fixture } from "../../../../tests/support/fixtures.ts";
import { longRopeFrom } from "../architecture/rope.ts";
import { Checkpoint } from "../checkpoint.ts";
import { decodeProgram } from "../programs/decode.ts";
import { kvCacheBytes } from "./kv-budget.ts";
import type { LoopModel } from "./lane.ts";
import { generateRows } from "./loop.ts";
import type { GeneratedRow } from "./request.ts";

const folder = fixture("stories260K");
const plain = Checkpoint.open(folder);
const STORY =
  "Once upon a time there was a dog. The dog was big and red. It liked to run in the park and play with a ball. One day";
const long = plain.tokenizer.encode(STORY, "once");
const short = plain.tokenizer.encode("The cat", "once");
const MAX = 256;

/** Counts runs of the program and remembers what each took in. */
const counted = async (checkpoint: Checkpoint) => {
  const session = await RuntimeSession.open(decodeProgram(checkpoint, MAX));
  const runs: Array<{ rows: number; tokens: number; slots: number }> = [];
  const { config } = checkpoint;
  const model = (over: Partial<LoopModel> = {}): LoopModel => ({
    ...config,
    decode: {
      run: (feeds) => {
        const dimsOf = (name: string) => (feeds[name] as ResidentTensor).dims;
        const [rows, tokens] = dimsOf("input_ids") as [number, number];
        runs.push({ rows, tokens, slots: dimsOf("key.0")[2] as number });
        return session.run(feeds);
      },
    },
    maxRows: 4,
    kvBytes: 1e9,
    prefill: { tokensPerRun: 1024, tokensPerRow: 512 },
    maxTokens: MAX,
    stopIds: [],
    longRopeFrom: longRopeFrom(config.rope),
    text: () => checkpoint.tokenizer,
    ...over,
  });
  return { session, runs, model };
};

let bench: Awaited<ReturnType<typeof counted>>;
beforeAll(async () => {
  bench = await counted(plain);
});
afterAll(() => bench.session.close());

const write = async (
  over: Partial<LoopModel>,
  rows: ReadonlyArray<ReadonlyArray<number>>,
  maxNewTokens = 20,
  { runs, model }: Pick<typeof bench, "runs" | "model"> = bench,
  checkpoint: () => void = () => {},
) => {
  runs.length = 0;
  const done: GeneratedRow[] = [];
  const events = { checkpoint, onRow: (row: GeneratedRow) => done.push(row), onTokens: () => {} };
  const failure = await generateRows(
    model(over),
    rows.map((ids, seed) => ({ ids, seed })),
    { maxNewTokens },
    {},
    events,
  ).catch((error: unknown) => error);
  return { texts: done.sort((a, b) => a.index - b.index).map((row) => row.ids), runs: [...runs], failure };
};

describe("stopping", () => {
  it("happens before the next step, and keeps the rows that are done", async () => {
    const until = (last: number) => () => {
      if (bench.runs.length >= last) throw new Error("stop");
    };
    const { runs, failure, texts } = await write({ maxRows: 1 }, [short, short, short], 5, bench, until(7));
    expect(failure).toMatchObject({ message: "stop" });
    expect(runs).toHaveLength(7); // five runs made the first row, two began the second
    expect(texts).toHaveLength(1);
  });

  it("happens before the next chunk of a long prompt", async () => {
    const prefill = { tokensPerRun: 16, tokensPerRow: 8 };
    const stop = () => {
      if (bench.runs.length === 2) throw new Error("stop");
    };
    const { runs, texts } = await write({ prefill }, [long], 5, bench, stop);
    expect(runs.map((run) => run.tokens)).toEqual([8, 8]);
    expect(long.length).toBeGreaterThan(24);
    expect(texts).toEqual([]);
  });
});

describe("a long prompt", () => {
  it("is taken in chunks and continued as if it were taken at once", async () => {
    const whole = await write({}, [long, short, long.slice(0, 30)]);
    expect(whole.runs[0]).toMatchObject({ rows: 3, tokens: long.length });
    for (const tokensPerRow of [8, 13, long.length - 1]) {
      const prefill = { tokensPerRun: 32, tokensPerRow };
      const parts = await write({ prefill }, [long, short, long.slice(0, 30)]);
      expect(parts.texts).toEqual(whole.texts);
      expect(Math.max(...parts.runs.map((run) => run.rows * run.tokens))).toBeLessThanOrEqual(
        Math.max(32, tokensPerRow),
      );
    }
  });

  it("keeps longrope's long list in every chunk, and changes to it as if it were taken at once", async () => {
    const half = plain.config.headDim / 2;
    const factors = { short_factor: new Array(half).fill(1), long_factor: new Array(half).fill(3) };
    const config = {
      ...JSON.parse(readFileSync(join(folder, "config.json"), "utf8")),
      rope_scaling: { type: "longrope", ...factors },
      original_max_position_embeddings: long.length - 4,
      max_position_embeddings: MAX,
    };
    const checkpoint = Checkpoint.open(alteredCopy(folder, { "config.json": config }));
    expect(longRopeFrom(checkpoint.config.rope)).toBe(long.length - 4);
    const own = await counted(checkpoint);
    const rows = [long, long.slice(0, -8), short];
    const whole = await write({ maxRows: 1 }, rows, 20, own);
    const parts = await write({ prefill: { tokensPerRun: 16, tokensPerRow: 8 } }, rows, 20, own);
    expect(parts.texts).toEqual(whole.texts);
    expect(whole.texts[0]).not.toEqual((await write({ maxRows: 1 }, rows)).texts[0]);
    await own.session.close();
  });
});

describe("memory", () => {
  const rows = [short, long, short, short, long, short];
  it("decides how many rows run together, long ones included, and never the text", async () => {
    const free = await write({}, rows);
    const kvBytes = kvCacheBytes(plain.config, 2, long.length + 20);
    const tight = await write({ kvBytes }, rows);
    expect(tight.texts).toEqual(free.texts);
    const bytes = tight.runs.map(({ rows: n, slots }) => kvCacheBytes(plain.config, n, slots));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(kvBytes);
    expect(Math.max(...tight.runs.map((run) => run.rows))).toBeGreaterThan(1);
    expect(Math.max(...free.runs.map((run) => run.rows))).toBe(4);
  });

  it("lets one row after the other through where only one fits", async () => {
    const kvBytes = kvCacheBytes(plain.config, 1, long.length + 20);
    const { runs, texts } = await write({ kvBytes }, [long, long, long]);
    expect(texts).toHaveLength(3);
    expect(runs.every((run) => run.rows === 1)).toBe(true);
  });
});
