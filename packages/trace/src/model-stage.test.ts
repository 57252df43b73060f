import { appendFileSync, cpSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { organismFolder } from "@precipice/organism";
import * as Effect from "effect/Effect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { storiesHub } from "../../../tests/support/stories-hub.ts";
import { modelOpen } from "./model-stage.ts";

const root = temporary();
const copyOf = (name: string): string => {
  const folder = join(root, name);
  cpSync(organismFolder("aligned") as string, folder, { recursive: true });
  return folder;
};
const open = (source: string, pipelineDir = root) =>
  runIn(root, modelOpen, { config: { source }, inputs: {}, pipelineDir });
const fingerprint = (source: string, pipelineDir = root) =>
  Effect.runPromise(modelOpen.fingerprint?.({ source }, { pipelineDir }) as Effect.Effect<string>);
const revalidate = (source: string, outputs: Awaited<ReturnType<typeof open>>, pipelineDir = root) =>
  Effect.runPromise(modelOpen.revalidate?.({ source }, outputs, { pipelineDir }) as Effect.Effect<boolean>);

describe("model.open", () => {
  it("says what a checkpoint is", async () => {
    const { model } = await open("organism://aligned");
    const [row] = await rows(model.rows("model"));
    expect(row).toMatchObject({
      source: "organism://aligned",
      path: organismFolder("aligned"),
      model_type: "llama",
      n_layers: 8,
      n_heads: 16,
      d_model: 128,
    });
    expect(row?.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it("finds relative folders from the pipeline file", async () => {
    const folder = copyOf("relative");
    const [row] = await rows((await open("relative")).model.rows("model"));
    expect(row?.path).toBe(folder);
    expect(await fingerprint("relative")).toBe(await fingerprint(folder, "/"));
  });

  it.each([
    ["nowhere", /nowhere: does not exist/],
    ["organism://unknown", /no shipped organism/],
    ["s3://org/name", /scheme "s3:\/\/" is not supported/],
  ])("refuses %s, while planning and in a run", async (source, message) => {
    await expect(open(source)).rejects.toMatchObject({ code: "E_CHECKPOINT", message: expect.stringMatching(message) });
    await expect(fingerprint(source)).rejects.toMatchObject({
      code: "E_CHECKPOINT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses a checkpoint without a tokenizer", async () => {
    const folder = copyOf("mute");
    rmSync(join(folder, "tokenizer.json"));
    await expect(open(folder)).rejects.toThrow(/tokenizer\.json/);
  });

  it("is another model when weights, config, tokenizer or template change", async () => {
    const folder = copyOf("edited");
    const seen = new Set([await fingerprint(folder)]);
    for (const [file, text] of [
      ["config.json", " "],
      ["tokenizer.json", " "],
      ["tokenizer_config.json", " "],
      ["generation_config.json", " "],
    ] as const) {
      appendFileSync(join(folder, file), text);
      seen.add(await fingerprint(folder));
    }
    writeFileSync(join(folder, "chat_template.jinja"), "{{ messages[0]['content'] }}");
    seen.add(await fingerprint(folder));
    expect(seen.size).toBe(6);
    expect(await fingerprint(folder)).toBe([...seen].at(-1));
  });

  it("uses a stored result while its content lies where the result says", async () => {
    const folder = copyOf("moving");
    const stored = await open("moving");
    expect(await revalidate("moving", stored)).toBe(true);
    renameSync(folder, join(root, "moved"));
    expect(await revalidate("moved", stored)).toBe(false);
    renameSync(join(root, "moved"), folder);
    // a copy elsewhere is the same model, until the one that the result points at is another
    cpSync(folder, join(root, "elsewhere", "moving"), { recursive: true });
    expect(await revalidate("moving", stored, join(root, "elsewhere"))).toBe(true);
    appendFileSync(join(folder, "config.json"), " ");
    expect(await revalidate("moving", stored, join(root, "elsewhere"))).toBe(false);
  });
});

describe("model.open from a hub", () => {
  afterEach(() => void vi.unstubAllEnvs());
  const connect = async () => {
    const { hub, commit, source, settings } = await storiesHub();
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_CACHE", settings.cacheDir);
    vi.stubEnv("HF_HUB_OFFLINE", "");
    return { hub, commit, source };
  };

  it("plans from the commit alone, and downloads in the run", async () => {
    const { hub, commit, source } = await connect();
    const key = await fingerprint(source);
    const estimate = modelOpen.estimate?.({ source }, {}, { pipelineDir: root }) as Effect.Effect<object>;
    expect(await Effect.runPromise(estimate)).toEqual({
      rows: 1,
      note: expect.stringMatching(/^to download: 0\.00\d+ GB$/),
    });
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
    const stored = await open(source);
    const [row] = await rows(stored.model.rows("model"));
    expect(row).toMatchObject({ source, digest: key, model_type: "llama" });
    expect(row?.path.endsWith(commit)).toBe(true);
    expect(await fingerprint(`${source}@${commit}`)).toBe(key);
    expect(await Effect.runPromise(estimate)).toEqual({ rows: 1, facts: { folder: row?.path } });
    expect(await revalidate(source, stored)).toBe(true);
    rmSync(join(row?.path as string, "model.safetensors"));
    expect(await revalidate(source, stored)).toBe(false);
  });

  it("tells its progress in bytes", async () => {
    const { source } = await connect();
    const seen: unknown[][] = [];
    const progress = (...all: unknown[]) => void seen.push(all);
    await runIn(root, modelOpen, { config: { source }, inputs: {}, pipelineDir: root, progress });
    expect(seen.at(-1)).toEqual([expect.any(Number), expect.any(Number), "bytes", "model.safetensors"]);
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1]);
  });

  it("fails with the hub's code and remedy, while planning and in a run", async () => {
    await connect();
    const error = { code: "E_HUB_REPO", remedy: expect.stringContaining("HF_TOKEN") };
    await expect(fingerprint("hf://stories/none")).rejects.toMatchObject(error);
    await expect(open("hf://stories/none")).rejects.toMatchObject(error);
  });
});
