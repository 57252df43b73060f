import { appendFileSync, cpSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { organismFolder } from "@precipice/organism";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
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
    ["hf://org/name", /scheme "hf:\/\/" is not supported/],
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

  it("uses a stored result only while it points where the source points", async () => {
    const folder = copyOf("moving");
    const stored = await open("moving");
    expect(await revalidate("moving", stored)).toBe(true);
    renameSync(folder, join(root, "moved"));
    expect(await revalidate("moving", stored)).toBe(false);
    renameSync(join(root, "moved"), folder);
    expect(await revalidate("moving", stored)).toBe(true);
    // the same relative source from a pipeline elsewhere is another place, even though the old one still exists
    cpSync(folder, join(root, "elsewhere", "moving"), { recursive: true });
    expect(await revalidate("moving", stored, join(root, "elsewhere"))).toBe(false);
  });
});
