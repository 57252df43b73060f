/** A small real checkpoint repeats every token of its reference program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Checkpoint, Generator } from "@precipice/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.ts";

interface Expected {
  readonly prompt: string;
  readonly steps: number;
  readonly text: string;
  readonly ids: ReadonlyArray<number>;
}

const folder = fixture("stories260K");
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as ReadonlyArray<Expected>;
const checkpoint = Checkpoint.open(folder);
let generator: Generator;

beforeAll(async () => {
  generator = await Generator.open(checkpoint, { batch: 4, workers: 2, maxTokens: 256 });
});
afterAll(() => generator.close());

describe("stories260K", () => {
  it("encodes the prompts as the reference does", () => {
    for (const { prompt, ids } of expected) {
      const encoded = checkpoint.tokenizer.encode(prompt, "once");
      expect(ids.slice(0, encoded.length)).toEqual(encoded);
    }
  });

  it("repeats all ids of all prompts, batched over two workers", async () => {
    const prompts = expected.map((e) => checkpoint.tokenizer.encode(e.prompt, "once"));
    const total = Math.max(...expected.map((e, i) => e.ids.length - (prompts[i] as number[]).length));
    const rows = await generator.generate(
      prompts.map((ids, i) => ({ ids, seed: i })),
      { maxNewTokens: total, stopIds: [] },
    );
    expected.forEach((e, i) => {
      const all = [...(prompts[i] as number[]), ...(rows[i]?.ids ?? [])].slice(0, e.ids.length);
      expect(all, e.prompt).toEqual(e.ids);
    });
  });

  it("decodes to the reference text", () => {
    for (const { ids, text } of expected) expect(checkpoint.tokenizer.decode(ids).trim()).toBe(text.trim());
  });
});
