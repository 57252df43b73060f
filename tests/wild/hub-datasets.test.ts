/** Data sets of a hub: the files and rows that are taken, by repository layout, online, offline and from caches that are not whole. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hubSettings } from "../../packages/model/src/index.ts";
import { hubSplitDigest } from "../../packages/trace/src/data/hub-dataset.ts";
import { loadPrompts } from "../../packages/trace/src/data/load-prompts.ts";
import { tempFolder } from "../support/checkpoint-folder.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { parquetOf } from "../support/parquet-file.ts";
import { LAYOUTS, type Layout } from "./hub-layouts.ts";

let hub: LoopbackHub;
beforeAll(async () => {
  hub = await LoopbackHub.open();
});
afterAll(() => hub[Symbol.asyncDispose]());

const contentOf = async (path: string): Promise<string | Uint8Array> => {
  const row = `${path} 0`;
  const ending = path.replace(/\.gz$/, "").split(".").at(-1)?.toLowerCase();
  if (ending === "parquet") return parquetOf(`SELECT '${row}' AS prompt`);
  const text = ["jsonl", "ndjson"].includes(ending ?? "")
    ? `${JSON.stringify({ prompt: row })}\n`
    : ending === "json"
      ? JSON.stringify([{ prompt: row }])
      : `prompt\n${row}\n`;
  return path.endsWith(".gz") ? gzipSync(text) : text;
};

const filesOf = async ({ files, card }: Pick<Layout, "files" | "card">) => {
  const given = Array.isArray(files) ? files.map((path) => [path, ""] as const) : Object.entries(files);
  const made: Record<string, string | Uint8Array> = {};
  for (const [path, content] of given) made[path] = content || (await contentOf(path));
  if (card !== undefined) made["README.md"] = `---\n${card}\n---\n# Questions\n`;
  return made;
};

describe("files of a split, as datasets takes them", () => {
  it.each(LAYOUTS.map((layout, i) => [layout.name, layout, i] as const))("%s", async (_, layout, i) => {
    const name = `wild/layout-${i}`;
    hub.add(name, { type: "dataset", files: await filesOf(layout) });
    const settings = { ...hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: tempFolder() }), retryMs: 1 };
    const { config, split } = layout;
    const query = { source: `hf://datasets/${name}`, config, split, labels: "harmless", label: "both" } as const;
    const loaded = loadPrompts({ ...query, dedup: false, seed: 0 }, { base: "/", settings }).then(
      (prompts) => prompts.map(({ prompt }) => prompt),
      (error) => error.code,
    );
    expect(await loaded).toEqual(layout.ours ?? layout.taken);
  });
});

/** A cache as Python's tools leave it: only what was fetched, no list of what there is. */
const pythonCache = async (
  repo: string,
  layout: Pick<Layout, "files" | "card">,
  revision = "main",
  home = tempFolder(),
) => {
  const folder = join(home, "hub", `datasets--${repo.replace("/", "--")}`);
  const commit = (revision === "main" ? "a" : "c").repeat(40);
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write(`refs/${revision}`, commit);
  for (const [path, content] of Object.entries(await filesOf(layout))) write(`snapshots/${commit}/${path}`, content);
  return { home, add: (path: string, content: string) => write(`snapshots/${commit}/${path}`, content) };
};

const offline = async (home: string, source: string, query: { config?: string; split?: string } = {}) => {
  const settings = hubSettings({ HF_HOME: home, HF_HUB_OFFLINE: "1", HF_ENDPOINT: "http://127.0.0.1:9" });
  const notices: string[] = [];
  const options = { settings, onNotice: (message: string) => void notices.push(message) };
  const digest = hubSplitDigest(source, query.config, query.split ?? "train", options).catch((error) => error);
  const rows = loadPrompts(
    { source, ...query, labels: "harmless", label: "both", dedup: false, seed: 0 },
    { base: "/", ...options },
  ).catch((error) => error);
  const [read, key] = [await rows, await digest];
  return {
    rows: Array.isArray(read) ? read.map(({ prompt }) => prompt) : read.code,
    message: Array.isArray(read) ? "" : String(read.message),
    key: typeof key === "string" ? key : key.code,
    notices: [...new Set(notices)],
  };
};

const yaml = (path: string) => `configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: ${path}`;
const info = (rows: number) => `dataset_info:\n  splits:\n  - name: train\n    num_examples: ${rows}`;

describe("a cache that is not whole, offline", () => {
  const rows: [name: string, layout: Pick<Layout, "files" | "card">, lacking: RegExp][] = [
    [
      "the second of two shards",
      { files: ["data/train-00000-of-00002.parquet"], card: yaml("data/train-*") },
      /lacks data\/train-00001-of-00002, and/,
    ],
    [
      "the middle one of three, without a card",
      { files: ["data/train-00000-of-00003.jsonl", "data/train-00002-of-00003.jsonl"] },
      /lacks data\/train-00001-of-00003, and/,
    ],
    [
      "shards with hashes",
      { files: ["data/train-00001-of-00002-ab12.jsonl"] },
      /lacks data\/train-00000-of-00002, and/,
    ],
    ["shards that count from one", { files: ["train-2-of-3.jsonl", "train-3-of-3.jsonl"] }, /lacks train-1-of-3, and/],
    ["a gap in numbers without a total", { files: ["train-0.jsonl", "train-2.jsonl"] }, /lacks train-1\.jsonl, and/],
    ["a file the card names", { files: ["a.jsonl"], card: yaml("[a.jsonl, b.jsonl]") }, /lacks b\.jsonl, and/],
    ["all of a pattern of the card", { files: ["a/x.jsonl"], card: yaml('["a/*", "b/*"]') }, /lacks b\/\*, and/],
    ["rows the card counts", { files: ["train.jsonl"], card: info(2) }, /has 1 rows, and the data set's card says 2/],
    ["all data", { files: { "notes.md": "x" } }, /holds no data file/],
  ];
  it.each(rows)("lacks %s: an error that names it", async (_, layout, lacking) => {
    const { home } = await pythonCache("wild/cached", layout);
    const { rows, message } = await offline(home, "hf://datasets/wild/cached");
    expect(rows).toBe("E_HUB_OFFLINE");
    expect(message).toMatch(lacking);
  });

  it("is whole once the rest is there, and every file is part of the key", async () => {
    const source = "hf://datasets/wild/cached";
    const { home, add } = await pythonCache("wild/cached", { files: ["data/train-00000-of-00002.jsonl"] });
    expect((await offline(home, source)).key).toBe("E_HUB_OFFLINE");
    add("data/train-00001-of-00002.jsonl", '{"prompt":"b"}\n');
    const whole = await offline(home, source);
    expect(whole.rows).toEqual(["data/train-00000-of-00002.jsonl 0", "b"]);
    add("data/train-00001-of-00002.jsonl", '{"prompt":"c"}\n');
    expect((await offline(home, source)).key).not.toBe(whole.key);
  });

  it("that may lack files is used, says so, and gets another key with each file", async () => {
    const source = "hf://datasets/wild/cached";
    const { home, add } = await pythonCache("wild/cached", { files: ["train_a.jsonl"] });
    const one = await offline(home, source);
    expect(one.rows).toEqual(["train_a.jsonl 0"]);
    expect(one.notices).toEqual([expect.stringMatching(/no list of the repository's files: taken are the 1 of split/)]);
    add("train_b.jsonl", '{"prompt":"b"}\n');
    const two = await offline(home, source);
    expect(two.rows).toEqual(["train_a.jsonl 0", "b"]);
    expect(two.key).not.toBe(one.key);
  });

  it("names the splits that it holds", async () => {
    const { home } = await pythonCache("wild/cached", { files: ["test.jsonl"] });
    const { rows, message } = await offline(home, "hf://datasets/wild/cached");
    expect([rows, message]).toEqual([
      "E_DATASET",
      'hf://datasets/wild/cached@main: of what the cache holds (HF_HUB_OFFLINE is set): has no split "train"; there are test',
    ]);
  });

  it("of an online run knows what is missing, and keeps its key", async () => {
    const name = "wild/listed";
    hub.add(name, { type: "dataset", files: await filesOf({ files: ["train_a.jsonl", "train_b.jsonl"] }) });
    const home = tempFolder();
    const source = `hf://datasets/${name}`;
    const settings = hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: home });
    const key = await hubSplitDigest(source, undefined, "train", { settings });
    const nothing = await offline(home, source);
    expect([nothing.key, nothing.rows]).toEqual([key, "E_HUB_OFFLINE"]);
    await loadPrompts({ source, labels: "harmless", label: "both", dedup: false, seed: 0 }, { base: "/", settings });
    const all = await offline(home, source);
    expect(all).toMatchObject({ key, rows: ["train_a.jsonl 0", "train_b.jsonl 0"], notices: [] });
    const snapshots = join(home, "hub/datasets--wild--listed/snapshots");
    // a cache that Python's tools filled links to the same blobs: without the list, the key is still the same
    rmSync(join(home, "hub/datasets--wild--listed/.precipice"), { recursive: true });
    expect(await offline(home, source)).toMatchObject({ key, notices: [expect.stringContaining("no list of")] });
    rmSync(join(snapshots, readdirSync(snapshots)[0] as string, "train_a.jsonl"));
    expect((await offline(home, source)).key).not.toBe(key);
  });
});

describe("a repository that is not whole", () => {
  it("online, is an error that names the shard", async () => {
    hub.add("wild/half", { type: "dataset", files: await filesOf({ files: ["data/train-00000-of-00002.jsonl"] }) });
    const settings = hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: tempFolder() });
    await expect(hubSplitDigest("hf://datasets/wild/half", undefined, "train", { settings })).rejects.toMatchObject({
      code: "E_DATASET",
      message: expect.stringContaining("lacks data/train-00001-of-00002 of split"),
    });
  });

  it("says what the rules leave out", async () => {
    const { home } = await pythonCache("wild/stray", {
      files: ["train.jsonl", "test.jsonl", "extra_notes.jsonl", "train.csv", "train2.jsonl"],
    });
    const { rows, notices } = await offline(home, "hf://datasets/wild/stray");
    expect(rows).toEqual(["train.jsonl 0", "train2.jsonl 0"]);
    expect(notices.join("\n")).toMatch(/left out, of another format: train\.csv\n/);
    expect(notices.join("\n")).toMatch(/left out, naming no split: extra_notes\.jsonl\n/);
  });
});

describe("the hub's own Parquet conversion", () => {
  it.each([
    ["whole", "default/train/0000.parquet", undefined, undefined, /^$/],
    [
      "in part",
      "default/partial-train/0000.parquet",
      undefined,
      undefined,
      /converted only the beginning of split "train"/,
    ],
    ["of the only config", "plain/train/0000.parquet", undefined, undefined, /^$/],
    ["of a config that is named", "b/test/0000.parquet", "b", "test", /^$/],
  ])("%s is taken where a script makes the data, and said to be one", async (_, path, config, split, said) => {
    const { home } = await pythonCache("wild/script", { files: { "script.py": "x" } });
    await pythonCache("wild/script", { files: [path] }, "refs/convert/parquet", home);
    const query = { ...(config === undefined ? {} : { config }), ...(split === undefined ? {} : { split }) };
    const { rows, notices } = await offline(home, "hf://datasets/wild/script", query);
    expect(rows).toEqual([`${path} 0`]);
    expect(notices.some((notice) => notice.includes("taken from the hub's Parquet conversion"))).toBe(true);
    if (said.source !== "^$") expect(notices.join("\n")).toMatch(said);
    else expect(notices.join("\n")).not.toMatch(/only the beginning/);
  });

  it("lacks a part in the middle: an error", async () => {
    const { home } = await pythonCache("wild/script", { files: { "script.py": "x" } });
    const files = ["default/train/0000.parquet", "default/train/0002.parquet"];
    await pythonCache("wild/script", { files }, "refs/convert/parquet", home);
    const { rows, message } = await offline(home, "hf://datasets/wild/script");
    expect([rows, message]).toEqual(["E_HUB_OFFLINE", expect.stringContaining("lacks default/train/0001.parquet")]);
  });
});
