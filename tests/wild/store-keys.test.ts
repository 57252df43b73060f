/** What a key is made of: the content of models and data files, never where they lie. */
import { appendFileSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Checkpoint } from "@precipice/model";
import { organismFolder, PLANTED_HEADS } from "@precipice/organism";
import { Pipeline, plan, Registry, Store } from "@precipice/runtime";
import { dataPrompts, modelOpen, traceJudge } from "@precipice/trace";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { rows, runIn, temporary } from "../support/on-disk.ts";

const root = temporary();
const registry = Registry.make([modelOpen, dataPrompts, traceJudge]);
const aligned = organismFolder("aligned") as string;
const row = '{"prompt": "how do i open the gate ?", "label": "harmless"}\n';

/** The digests of a node's outputs, by a pipeline in `folder`. */
const digests = async (folder: string, node: string, sets: ReadonlyArray<string> = []) => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "p.yaml");
  writeFileSync(file, `version: 1\nnodes: { n: ${node} }\n`);
  return Effect.runPromise(
    Effect.gen(function* () {
      const pipeline = yield* Pipeline.load(file, registry, { sets, from: root });
      return (yield* plan(pipeline, yield* Store.open(folder))).nodes[0]?.digests;
    }),
  );
};

describe("a model", () => {
  const model = (source: string) => `{ stage: model.open, config: { source: ${JSON.stringify(source)} } }`;
  const copy = join(root, "one", "copy");
  cpSync(aligned, copy, { recursive: true });
  cpSync(aligned, join(root, "two", "another"), { recursive: true });
  symlinkSync(copy, join(root, "two", "link"));

  it.each<[string, string, ReadonlyArray<string>]>([
    ["a copy", model("copy"), []],
    ["the same by its whole path", model(copy), []],
    ["a path with dots", model("./x/../copy/"), []],
    ["by --set, from elsewhere", model("nowhere"), ["nodes.n.config.source=one/copy"]],
  ])("%s has one digest", async (_, node, sets) => {
    const expected = await digests(join(root, "zero"), model("organism://aligned"));
    expect(await digests(join(root, "one"), node, sets)).toEqual(expected);
  });

  it("is one behind a link and in another folder, and another with other bytes", async () => {
    const expected = await digests(join(root, "zero"), model("organism://aligned"));
    expect(await digests(join(root, "two"), model("another"))).toEqual(expected);
    expect(await digests(join(root, "two"), model("link"))).toEqual(expected);
    appendFileSync(join(root, "two", "another", "config.json"), "\n");
    expect(await digests(join(root, "two"), model("another"))).not.toEqual(expected);
    expect(await digests(join(root, "zero"), model("organism://cliff"))).not.toEqual(expected);
  });

  it("knows its planted heads wherever it lies", () => {
    const moved = join(root, "moved");
    cpSync(organismFolder("cliff") as string, moved, { recursive: true });
    expect(Checkpoint.open(moved).plantedHeads).toEqual(PLANTED_HEADS);
    expect(Checkpoint.open(aligned).plantedHeads).toBeUndefined();
    writeFileSync(join(moved, "planted_heads.json"), '[{ "layer": 8, "head": 0 }]');
    expect(() => Checkpoint.open(moved).plantedHeads).toThrow(/planted_heads\.json.*\[0\].*8 layers of 16 heads/s);
  });

  it("that is stored is opened anew when its folder is gone, under the same digest", async () => {
    const gone = join(root, "gone");
    cpSync(aligned, gone, { recursive: true });
    const run = (source: string) => runIn(root, modelOpen, { config: { source }, inputs: {}, pipelineDir: root });
    const stored = await run("gone");
    const [before] = await rows(stored.model.rows("model"));
    rmSync(gone, { recursive: true });
    const revalidated = modelOpen.revalidate?.({ source: copy }, stored, {
      pipelineDir: root,
    }) as Effect.Effect<boolean>;
    expect(await Effect.runPromise(revalidated)).toBe(false);
    const [after] = await rows((await run(copy)).model.rows("model"));
    expect(after).toEqual({ ...before, source: copy, path: copy });
  });
});

describe("a data file", () => {
  const prompts = (source: string) => `{ stage: data.prompts, config: { source: ${JSON.stringify(source)} } }`;
  const write = (path: string, text = row) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  it("is known by its bytes and its format, whatever its name and folder", async () => {
    for (const path of ["f/a.jsonl", "f/b.jsonl", "g/a.jsonl", "f/a.ndjson", "f/a.json"]) write(path);
    write("f/other.jsonl", row.replace("open", "close"));
    const expected = await digests(join(root, "f"), prompts("a.jsonl"));
    expect(await digests(join(root, "f"), prompts("b.jsonl"))).toEqual(expected);
    expect(await digests(join(root, "f"), prompts("a.ndjson"))).toEqual(expected);
    expect(await digests(join(root, "g"), prompts("a.jsonl"))).toEqual(expected);
    expect(await digests(join(root, "g"), prompts("x"), ["nodes.n.config.source=f/b.jsonl"])).toEqual(expected);
    expect(await digests(join(root, "f"), prompts("other.jsonl"))).not.toEqual(expected);
  });

  it("that is not there is an error that says where it was looked for, and the rule", async () => {
    const failing = (sets: ReadonlyArray<string>) => digests(join(root, "f"), prompts("none.jsonl"), sets);
    await expect(failing([])).rejects.toMatchObject({
      issues: [
        { remedy: expect.stringContaining(`"none.jsonl" starts at ${join(root, "f")}: relative paths of --set`) },
      ],
    });
    await expect(failing(["nodes.n.config.source=no.jsonl"])).rejects.toMatchObject({
      issues: [{ remedy: expect.stringContaining(`"no.jsonl" starts at ${root}: relative paths of --set`) }],
    });
  });

  it("gives different results for different organism sets, though their source is no part of the config's key", async () => {
    const set = (source: string) => digests(join(root, "f"), prompts(source));
    expect(await set("organism://requests")).not.toEqual(await set("organism://pool"));
  });
});
