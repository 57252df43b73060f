import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hubSettings } from "@precipice/model";
import * as Effect from "effect/Effect";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { tempFolder } from "../../../../tests/support/checkpoint-folder.ts";
import { type HubRepo, LoopbackHub } from "../../../../tests/support/loopback-hub.ts";
import { rows, runIn, temporary } from "../../../../tests/support/on-disk.ts";
import { parquetOf } from "../../../../tests/support/parquet-file.ts";
import { dataPrompts } from "../prompts-stage.ts";
import { findHubSplit, hubRows } from "./hub-dataset.ts";
import { loadPrompts } from "./load-prompts.ts";
import { PRESETS } from "./presets.ts";
import { wantedColumns } from "./to-prompt.ts";

const NAME = "gardens/questions";
const source = `hf://datasets/${NAME}`;

const open = async (files: HubRepo["files"] = {}, over: Partial<HubRepo> = {}) => {
  const hub = await LoopbackHub.open();
  onTestFinished(() => hub[Symbol.asyncDispose]());
  const commit = hub.add(NAME, { type: "dataset", files, ...over });
  const settings = { ...hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: tempFolder() }), retryMs: 1 };
  const load = (query: object) =>
    loadPrompts({ source, label: "both", dedup: false, seed: 0, ...query }, { base: "/", settings });
  return { hub, commit, settings, load };
};

/** Wide rows in row groups of 2048: of the columns, only `question` is small. */
const wide = () =>
  parquetOf(
    "SELECT 'question ' || i AS question, i AS n, repeat(md5(i::VARCHAR), 20) AS filler FROM range(6144) t(i)",
    { rowGroup: 2048, compression: "zstd" },
  );

describe("Parquet on a hub", () => {
  it("is read by Range: the needed columns of the needed row groups, and nothing is cached", async () => {
    const bytes = await wide();
    const { hub, settings, load } = await open({ "data/train-00000-of-00001.parquet": bytes });
    const prompts = await load({ columns: { prompt: "question" }, labels: "harmless", take: 2100 });
    expect(prompts).toHaveLength(2100);
    expect(prompts[2099]).toMatchObject({ id: "row-2100", prompt: "question 2099", split: "train" });
    const parts = hub
      .contentRequests("data/train-00000-of-00001.parquet")
      .filter(({ origin }) => origin === "cdn")
      .map(({ range }) => /^bytes=(\d+)-(\d+)$/.exec(range ?? "") as RegExpExecArray);
    const read = parts.map(([, from, to]) => [Number(from), Number(to)] as const);
    // the footer (hyparquet's first guess of it is 512 kB) aside, two row groups of one column
    const groups = read.filter(([, to]) => to + 1 < bytes.length);
    expect(groups).toHaveLength(2);
    expect(groups.reduce((sum, [from, to]) => sum + to + 1 - from, 0)).toBeLessThan(bytes.length / 10);
    expect(Math.max(...groups.map(([, to]) => to))).toBeLessThan((bytes.length * 2) / 3);
    const cache = join(settings.cacheDir, "datasets--gardens--questions");
    expect(readdirSync(cache)).toEqual([".precipice", "refs"]);
  });

  it("is read on after a cut, and from the cache where it is there", async () => {
    const bytes = await wide();
    const path = "data/train-0.parquet";
    const { hub, commit, settings, load } = await open({ [path]: bytes });
    let cuts = 2;
    hub.fault = (at, { origin }) =>
      at === path && origin === "cdn" && cuts-- > 0 ? { kind: "cut", after: 1000 } : undefined;
    const query = { columns: { prompt: "question" }, labels: "harmless", take: 3 };
    const far = await load(query);
    expect(cuts).toBeLessThan(0);
    const folder = join(settings.cacheDir, "datasets--gardens--questions/snapshots", commit, "data");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "train-0.parquet"), bytes);
    hub.requests.length = 0;
    expect(await load(query)).toEqual(far);
    expect(hub.contentRequests(path)).toEqual([]);
    const offline = { ...settings, offline: true };
    const near = await loadPrompts(
      { source, label: "both", dedup: false, seed: 0, ...query, labels: "harmless" },
      { base: "/", settings: offline },
    );
    expect(near).toEqual(far);
  });

  it("names a missing column before any row is read", async () => {
    const { hub, load } = await open({ "train.parquet": await wide() });
    await expect(load({ columns: { prompt: "qestion" }, labels: "harmless" })).rejects.toMatchObject({
      code: "E_PROMPTS_FILE",
      message: expect.stringMatching(/hf:\/\/datasets\/gardens\/questions@[0-9a-f]{40} train\.parquet: .*"qestion"/),
      remedy: expect.stringContaining('Did you mean "question"?'),
    });
    expect(hub.contentRequests("train.parquet").filter(({ origin }) => origin === "cdn")).toHaveLength(1);
  });

  it("of a data set that has none comes from the hub's own conversion", async () => {
    const { hub, load } = await open({ "questions.zip": Buffer.alloc(10), "README.md": "# Questions" });
    const converted = await parquetOf("SELECT 'converted ' || i AS prompt FROM range(2) t(i)");
    hub.add(NAME, {
      type: "dataset",
      files: { "default/train/0000.parquet": converted },
      revisions: ["refs/convert/parquet"],
    });
    expect((await load({ labels: "harmless" })).map(({ prompt }) => prompt)).toEqual(["converted 0", "converted 1"]);
    expect(await load({ source: `${source}@refs/convert/parquet`, labels: "harmless" })).toHaveLength(2);
  });
});

describe("other data sets", () => {
  const jsonl = (split: string, n: number) =>
    Array.from({ length: n }, (_, i) => JSON.stringify({ prompt: `${split} ${i}` })).join("\n");

  it("are downloaded once, several files and splits in order", async () => {
    const { hub, load } = await open({
      "data/train-0.jsonl": jsonl("a", 2),
      "data/train-1.jsonl": jsonl("b", 1),
      "data/test.jsonl": jsonl("c", 1),
    });
    const both = await load({ split: "train+test", labels: "harmless" });
    expect(both.map(({ id, prompt, split }) => [id, prompt, split])).toEqual([
      ["train-row-1", "a 0", "train"],
      ["train-row-2", "a 1", "train"],
      ["train-row-3", "b 0", "train"],
      ["test-row-1", "c 0", "test"],
    ]);
    hub.requests.length = 0;
    await load({ labels: "harmless" });
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
  });

  it("say which config and split there are", async () => {
    const { load } = await open({ "train.jsonl": jsonl("a", 1) });
    await expect(load({ split: "tests", labels: "harmless" })).rejects.toMatchObject({
      code: "E_DATASET",
      message: expect.stringContaining('no split "tests"; there are train'),
    });
  });

  it("say that a model is none, and that there are no data", async () => {
    const { load } = await open({ "README.md": "nothing" });
    await expect(load({ source: "hf://gardens/model" })).rejects.toMatchObject({ code: expect.stringMatching(/^E_/) });
    await expect(load({ labels: "harmless" })).rejects.toMatchObject({
      code: expect.stringMatching(/^E_DATASET|^E_HUB_REVISION/),
    });
  });

  it("are refused with what to do when they are gated", async () => {
    const { load } = await open({ "train.jsonl": jsonl("a", 1) }, { gated: true });
    await expect(load({ labels: "harmless" })).rejects.toMatchObject({
      code: "E_HUB_GATED",
      remedy: expect.stringContaining(`/datasets/${NAME}`),
    });
  });
});

describe("the stage", () => {
  afterEach(() => void vi.unstubAllEnvs());
  const root = temporary();

  it("is keyed by commit and split while planning, and writes prompts in the run", async () => {
    const { hub, settings } = await open({
      "train.csv": "question,kind\nhow do ferns grow?,safe\n",
      "test.csv": "question,kind\nx,safe\n",
    });
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_CACHE", settings.cacheDir);
    vi.stubEnv("HF_HUB_OFFLINE", "");
    const config = { source, columns: { prompt: "question", label: "kind" }, labels: { safe: "harmless" } } as const;
    const key = (over: object = {}) =>
      Effect.runPromise(
        dataPrompts.fingerprint?.({ ...config, ...over } as never, { pipelineDir: root }) as Effect.Effect<string>,
      );
    const first = await key();
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
    expect(await key({ split: "test" })).not.toBe(first);
    const { prompts } = await runIn(root, dataPrompts, { config, inputs: {}, pipelineDir: root });
    expect(await rows(prompts.rows("prompts"))).toMatchObject([{ prompt: "how do ferns grow?", label: "harmless" }]);
    // without a network, and without the files, the stored result is still found
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    rmSync(join(settings.cacheDir, "datasets--gardens--questions/snapshots"), { recursive: true });
    hub.requests.length = 0;
    expect(await key()).toBe(first);
    expect(hub.requests).toEqual([]);
    vi.stubEnv("HF_HUB_OFFLINE", "");
    hub.add(NAME, { type: "dataset", files: { "train.csv": "question,kind\nnew,safe\n" } });
    vi.stubEnv("HF_HUB_CACHE", `${settings.cacheDir}/.`);
    expect(await key()).not.toBe(first);
    await expect(key({ split: "tset" })).rejects.toMatchObject({ code: "E_DATASET" });
  });
});

describe("presets", () => {
  /** One made-up row with the columns a preset names, in the place and format of the real data set. */
  const shapes: Record<string, { path: string; row: Record<string, unknown>; card?: string }> = {
    advbench: { path: "data/train-00000-of-00001.parquet", row: { prompt: "p", target: "t" } },
    jailbreakbench: {
      path: "data/harmful-behaviors.csv",
      row: { Index: 0, Goal: "p", Target: "t", Behavior: "b", Category: "c", Source: "s" },
      card: "configs:\n- config_name: behaviors\n  data_files:\n  - split: harmful\n    path: data/harmful-behaviors.csv\n  - split: benign\n    path: data/harmful-behaviors.csv",
    },
    harmbench: {
      path: "standard/train-00000-of-00001.parquet",
      row: { prompt: "p", category: "c" },
      card: "configs:\n- config_name: standard\n  data_files:\n  - split: train\n    path: standard/train-*",
    },
    strongreject: { path: "data/train-00000-of-00001.parquet", row: { prompt: "p", category: "c", source: "s" } },
    wildjailbreak: {
      path: "eval/eval.tsv",
      row: { adversarial: "p", label: 1, data_type: "adversarial_harmful" },
      card: 'configs:\n- config_name: eval\n  sep: "\\t"\n  data_files:\n  - split: train\n    path: ["eval/*"]',
    },
    "wildjailbreak-train": {
      path: "train/train.tsv",
      row: { vanilla: "p", adversarial: "", completion: "t", data_type: "vanilla_benign" },
      card: 'configs:\n- config_name: train\n  sep: "\\t"\n  data_files:\n  - split: train\n    path: ["train/*"]',
    },
    xstest: {
      path: "data/test-00000-of-00001.parquet",
      row: { prompt: "p", focus: "f", type: "c", note: "", label: "safe" },
    },
    "or-bench": {
      path: "or-bench-hard-1k.csv",
      row: { prompt: "p", category: "c" },
      card: "configs:\n- config_name: or-bench-hard-1k\n  data_files: or-bench-hard-1k.csv",
    },
    ultrachat: {
      path: "data/train_sft-00000-of-00001.parquet",
      row: {
        prompt: "p",
        prompt_id: "i",
        messages: [
          { content: "p", role: "user" },
          { content: "t", role: "assistant" },
        ],
      },
    },
    "star-1": {
      path: "STAR-1.json",
      row: { id: "i", question: "p", response: "t", category: ["c"], source: "s", score: {} },
    },
  };

  it("are all tried here", () => expect(Object.keys(shapes).sort()).toEqual(Object.keys(PRESETS).sort()));

  it.each(Object.keys(PRESETS))("%s reads its data set's layout", async (name) => {
    const preset = PRESETS[name] as (typeof PRESETS)[string];
    const { path, row, card } = shapes[name] as (typeof shapes)[string];
    const json = JSON.stringify(row).replaceAll("'", "''");
    const keys = Object.keys(row);
    const cell = (value: unknown) => `"${String(value)}"`;
    const delimiter = path.endsWith(".tsv") ? "\t" : ",";
    const types = keys.map(
      (key) => `'${key}': '${Array.isArray(row[key]) ? "STRUCT(content VARCHAR, role VARCHAR)[]" : "VARCHAR"}'`,
    );
    const content = path.endsWith(".parquet")
      ? await parquetOf(
          `SELECT unnest(from_json('${json}', '{${types.map((t) => t.replaceAll("'", '"')).join(", ")}}'))`,
        )
      : path.endsWith(".json")
        ? JSON.stringify([row])
        : `${keys.join(delimiter)}\n${keys.map((key) => cell(row[key])).join(delimiter)}\n`;
    const hub = await LoopbackHub.open();
    onTestFinished(() => hub[Symbol.asyncDispose]());
    const files = { [path]: content, ...(card === undefined ? {} : { "README.md": `---\n${card}\n---\n` }) };
    hub.add(preset.source.replace("hf://datasets/", ""), { type: "dataset", files });
    const settings = hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HOME: tempFolder() });
    const query = { source: `preset://${name}`, label: "both", dedup: false, seed: 0 } as const;
    const prompts = await loadPrompts(query, { base: "/", settings });
    expect(prompts.map(({ prompt }) => prompt)).toEqual(name === "jailbreakbench" ? ["p", "p"] : ["p"]);
    const harmful = prompts.map(({ label }) => label);
    const expected = {
      jailbreakbench: ["harmful", "harmless"],
      xstest: ["harmless"],
      "or-bench": ["harmless"],
      ultrachat: ["harmless"],
      "wildjailbreak-train": ["harmless"],
    };
    expect(harmful).toEqual((expected as Record<string, string[]>)[name] ?? ["harmful"]);
    if (Object.hasOwn(preset.columns, "reference")) expect(prompts[0]?.reference).toBe("t");
  });

  it("yield to what the user says", async () => {
    const { hub, settings } = await open();
    hub.add("walledai/XSTest", {
      type: "dataset",
      files: {
        "data/test.jsonl": ["safe", "unsafe"]
          .map((label) => JSON.stringify({ prompt: `p ${label}`, text: "other", label, type: "t", focus: "f" }))
          .join("\n"),
      },
    });
    const query = {
      source: "preset://xstest",
      dedup: false,
      seed: 0,
      columns: { prompt: "text" },
      where: { label: "unsafe" },
    };
    expect(await loadPrompts({ ...query, label: "both" }, { base: "/", settings })).toMatchObject([
      { prompt: "other", label: "harmful", family: "t" },
    ]);
  });

  it("have a nearest name", async () => {
    const { load } = await open();
    await expect(load({ source: "preset://xtest" })).rejects.toMatchObject({
      code: "E_SOURCE",
      remedy: 'Did you mean "preset://xstest"?',
    });
  });

  it("ask for columns only, not for facts of the source", () => {
    for (const preset of Object.values(PRESETS)) {
      const { required } = wantedColumns({ ...preset }, []);
      expect(required.length).toBeGreaterThan(0);
      expect(required.filter((name) => name.startsWith("$"))).toEqual([]);
    }
  });
});

describe("hub rows", () => {
  it("tell how far a download is", async () => {
    const { settings } = await open({ "train.jsonl": '{"prompt":"a"}' });
    const seen: unknown[][] = [];
    const split = await findHubSplit(source, undefined, "train", { settings });
    const wanted = { required: ["prompt"], optional: [] };
    for await (const { row } of hubRows(split, wanted, (...all) => void seen.push(all)))
      expect(row).toEqual({ prompt: "a" });
    expect(seen.at(-1)).toEqual([14, 14, "train.jsonl"]);
  });
});
