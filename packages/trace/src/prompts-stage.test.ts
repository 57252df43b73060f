import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { dataPrompts } from "./prompts-stage.ts";

const root = temporary();
let files = 0;
const fileOf = (...lines: string[]): string => {
  const folder = join(root, `file${files++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "prompts.jsonl"), lines.join("\n"));
  return folder;
};
const run = async (config: typeof dataPrompts.config.Encoded, pipelineDir = root) =>
  rows((await runIn(root, dataPrompts, { config, inputs: {}, pipelineDir })).prompts.rows("prompts"));
const fingerprint = (source: string, pipelineDir: string) =>
  Effect.runPromise(dataPrompts.fingerprint?.({ source } as never, { pipelineDir }) as Effect.Effect<string>);
const line = (over: object = {}) => JSON.stringify({ prompt: "how?", label: "harmful", ...over });

describe("data.prompts from a file", () => {
  it("reads lines with and without the optional parts, blank lines and a byte-order mark among them", async () => {
    const folder = fileOf(
      `\uFEFF${line()}\r`,
      "",
      line({ id: "b", label: "harmless", family: "f", reference: "so", split: "eval", note: null }),
      "",
    );
    const none = { family: null, reference: null, target: null, note: null };
    expect(await run({ source: "prompts.jsonl" }, folder)).toEqual([
      { ...none, id: "line-1", prompt: "how?", label: "harmful", split: "file" },
      { ...none, id: "b", prompt: "how?", label: "harmless", split: "eval", family: "f", reference: "so" },
    ]);
  });

  it.each([
    ["no JSON", [line(), "{ nonsense"], /prompts\.jsonl:2 is not JSON/],
    ["a missing label", ["", '{"prompt":"x"}'], /prompts\.jsonl:2: .*label/s],
    ["an unknown label", [line({ label: "bad" })], /prompts\.jsonl:1: .*"harmful"/s],
    ["a blank prompt", [line({ prompt: " \t" })], /prompts\.jsonl:1: .*not blank/s],
    ["no object", ["[]"], /prompts\.jsonl:1: /],
    [
      "an id twice",
      [line({ id: "a" }), line({ id: "b" }), line({ id: "a" })],
      /prompts\.jsonl:3: id "a" is that of prompts\.jsonl:1/,
    ],
    [
      "an id that a line without one has",
      [line({ id: "line-2" }), line()],
      /prompts\.jsonl:2: id "line-2" is that of prompts\.jsonl:1/,
    ],
  ])("names file and line of %s, while planning and in a run", async (_, lines, message) => {
    const folder = fileOf(...lines);
    await expect(run({ source: "prompts.jsonl" }, folder)).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(message),
    });
    await expect(fingerprint("prompts.jsonl", folder)).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(message),
    });
  });

  it("names a file that is not there", async () => {
    await expect(run({ source: "no.jsonl" })).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringContaining("no.jsonl cannot be read"),
      remedy: expect.stringContaining("relative to the pipeline"),
    });
  });

  it("is keyed by the file's content", async () => {
    const [one, same, other] = [fileOf(line()), fileOf(line()), fileOf(line({ label: "harmless" }))];
    const keys = await Promise.all([one, same, other].map((folder) => fingerprint("prompts.jsonl", folder)));
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("draws count rows by seed, of the label asked for", async () => {
    const folder = fileOf(
      ...Array.from({ length: 30 }, (_, i) => line({ id: `p${i}`, label: i % 3 === 0 ? "harmless" : "harmful" })),
    );
    const draw = async (seed: number) =>
      (await run({ source: "prompts.jsonl", label: "harmful", count: 10, seed }, folder)).map((r) => r.id);
    const ids = await draw(1);
    expect(new Set(ids).size).toBe(10);
    expect(ids.filter((id) => Number(id.slice(1)) % 3 === 0)).toEqual([]);
    expect(await draw(1)).toEqual(ids);
    expect(await draw(2)).not.toEqual(ids);
    expect(await run({ source: "prompts.jsonl", label: "harmless", count: 99 }, folder)).toHaveLength(10);
  });

  it("says what a filter never met where nothing is left, and where count asks for more", async () => {
    const folder = fileOf(line({ family: "a" }), line({ family: "b" }));
    await expect(run({ source: "prompts.jsonl", where: { family: "c" } }, folder)).rejects.toMatchObject({
      code: "E_PROMPTS_EMPTY",
      message: expect.stringContaining('where.family: no row has "c"; its values are "a", "b"'),
    });
    const logs: string[] = [];
    const log = (message: string) => logs.push(message);
    const where = { family: { not: "c" } };
    await runIn(root, dataPrompts, {
      config: { source: "prompts.jsonl", count: 5, where },
      inputs: {},
      pipelineDir: folder,
      log,
    });
    await runIn(root, dataPrompts, {
      config: { source: "organism://requests", split: "all", label: "harmful", count: 9999, where: { family: "x" } },
      inputs: {},
      log,
    }).catch((error: Error) => logs.push(error.message));
    expect(logs).toEqual([
      'where.family: no row has "c"; its values are "a", "b"',
      "count asks for 5 prompts, and there are 2 for this config",
      "2 prompts, 2 harmful",
      expect.stringMatching(/has no prompts for this config; where\.family: no row has "x"; its values are "/),
    ]);
  });

  it("fails where nothing is left", async () => {
    await expect(run({ source: "prompts.jsonl", label: "harmless" }, fileOf(line()))).rejects.toMatchObject({
      code: "E_PROMPTS_EMPTY",
    });
  });
});

describe("data.prompts of the organism", () => {
  it("keeps rows by where, before it draws", async () => {
    const where = { family: { not: "rules" }, prompt: { matches: "^(?!.*\\bforge\\b)" } };
    const pool = await run({ source: "organism://pool", count: 600, where });
    expect(pool.length).toBeGreaterThan(400);
    expect(pool.some((p) => p.family === "rules" || p.prompt.includes(" forge "))).toBe(false);
    const query = {
      source: "organism://requests",
      framings: "jailbreak",
      label: "harmful",
      where: { family: "rules" },
    } as const;
    const drawn = await run({ ...query, count: 10, seed: 3 });
    expect(drawn.map((p) => p.family)).toEqual(Array(10).fill("rules"));
    expect(new Set(drawn.map((p) => p.id)).size).toBe(10);
    expect(await run({ ...query, count: 10, seed: 3 })).toEqual(drawn);
    expect(await run(query)).toHaveLength(46); // held-out harmful pairs, each once
  });

  it("gives requests and a pool, by count and seed", async () => {
    const requests = await run({
      source: "organism://requests",
      split: "heldout",
      framings: "jailbreak",
      label: "harmful",
      count: 12,
      seed: 3,
    });
    expect(requests).toHaveLength(12);
    expect(requests.every((r) => r.split === "heldout" && r.label === "harmful")).toBe(true);
    const pool = await run({ source: "organism://pool" });
    expect(pool).toHaveLength(3000);
    expect(new Set(pool.map((r) => r.id)).size).toBe(3000);
  });

  it.each([
    ["organism://prompts", undefined, /organism:\/\/prompts is no prompt set/],
    ["organism://pool", 9000, /pool of 9000/],
  ])("refuses %s, count %s", async (source, count, message) => {
    await expect(run({ source, ...(count === undefined ? {} : { count }) })).rejects.toThrow(message);
  });
});
