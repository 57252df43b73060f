/** Rows in the plan of a pipeline that never ran: counted where the source is on this machine, and passed on downstream. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { traceGenerate } from "../../packages/trace/src/generate-stage.ts";
import { dataPrompts } from "../../packages/trace/src/prompts-stage.ts";
import { tempFolder } from "../support/checkpoint-folder.ts";
import { parquetOf } from "../support/parquet-file.ts";

const people = Array.from({ length: 12 }, (_, i) => ({
  prompt: `question ${i % 10}`,
  label: i % 3 === 0 ? "harmful" : "harmless",
  kind: i < 4 ? "short" : "long",
}));
const csv = `prompt,label,kind\n${people.map(({ prompt, label, kind }) => `${prompt},${label},${kind}`).join("\n")}\n`;
const contents: Record<string, () => string | Promise<Uint8Array>> = {
  "q.jsonl": () => people.map((row) => JSON.stringify(row)).join("\n"),
  "q.json": () => JSON.stringify(people),
  "q.csv": () => csv,
  "q.tsv": () => csv.replaceAll(",", "\t"),
  "q.parquet": () =>
    parquetOf(
      `SELECT unnest(from_json('${JSON.stringify(people)}', '[{"prompt":"VARCHAR","label":"VARCHAR","kind":"VARCHAR"}]'), recursive := true)`,
    ),
};

const rowsOf = async (config: object, folder: string): Promise<number | undefined> => {
  const whole = { framings: "all", dedup: false, label: "both", seed: 0, ...config };
  const estimate = dataPrompts.estimate?.(whole as never, {} as never, { pipelineDir: folder });
  return (await Effect.runPromise(estimate as Effect.Effect<{ rows?: number } | undefined>))?.rows;
};

afterEach(() => void vi.unstubAllEnvs());

describe("rows that are known before anything ran", () => {
  it.each(Object.keys(contents))("of %s", async (name) => {
    const folder = tempFolder();
    writeFileSync(join(folder, name), (await contents[name]?.()) as string);
    const rows = (config: object) => rowsOf({ source: name, ...config }, folder);
    expect(await rows({})).toBe(12);
    expect(await rows({ count: 5 })).toBe(5);
    expect(await rows({ count: 50 })).toBe(12);
    expect(await rows({ take: 7 })).toBe(7);
    expect(await rows({ where: { kind: "short" } })).toBe(4);
    expect(await rows({ label: "harmful" })).toBe(4);
    expect(await rows({ dedup: true })).toBe(10);
    expect(await rows({ where: { kind: "long" }, label: "harmless", count: 3 })).toBe(3);
  });

  it.each([
    [{ source: "organism://pool", count: 40 }, 40],
    [{ source: "organism://requests", count: 24 }, 24],
    [{ source: "organism://requests", label: "harmful", count: 6 }, 6],
  ])("of %j", async (config, rows) => expect(await rowsOf(config, "/")).toBe(rows));

  it("of a cached data set, and none of one that must be filtered first", async () => {
    const home = tempFolder();
    const folder = join(home, "hub/datasets--wild--rows");
    const snapshot = join(folder, "snapshots", "a".repeat(40));
    mkdirSync(join(folder, "refs"), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(folder, "refs/main"), "a".repeat(40));
    writeFileSync(join(snapshot, "train-00000-of-00001.csv"), csv);
    vi.stubEnv("HF_HUB_CACHE", join(home, "hub"));
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await rowsOf({ source: "hf://datasets/wild/rows" }, "/")).toBe(12);
    expect(await rowsOf({ source: "hf://datasets/wild/rows", where: { kind: "short" } }, "/")).toBe(4);
  });

  it("reach the stages downstream", async () => {
    const config = { backend: { url: "http://127.0.0.1:9/v1", model: "m" }, maxNewTokens: 8 };
    const estimate = traceGenerate.estimate?.(config as never, { model: {}, prompts: { rows: 12 } } as never, {
      pipelineDir: "/",
    });
    expect(await Effect.runPromise(estimate as Effect.Effect<object>)).toMatchObject({ rows: 12 });
  });
});
