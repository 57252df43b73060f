/** Opening a checkpoint folder: what it needs, what it refuses, and what its digest stands for. */
import { cpSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alteredCopy, type FileContent, tempFolder, writeFiles } from "../../../tests/support/checkpoint-folder.ts";
import { fixture } from "../../../tests/support/fixtures.ts";
import { Checkpoint, CheckpointError, type FloatTensor, readFloats, readHeader, writeSafetensors } from "./index.ts";

const source = fixture("stories260K");
const original = Checkpoint.open(source);
const tensors: Record<string, FloatTensor> = Object.fromEntries(
  [...original.weights].map(([name, entry]) => [name, { shape: entry.shape, data: readFloats(entry) }]),
);
const EMBEDDING = "model.embed_tokens.weight";
const NORM = "model.norm.weight";

const altered = (files: Record<string, FileContent>, weights?: Record<string, FloatTensor>): string => {
  const folder = alteredCopy(source, files);
  if (weights !== undefined) writeSafetensors(join(folder, "model.safetensors"), weights);
  return folder;
};

/** The weights in two files. */
const sharded = (index: FileContent = undefined): string => {
  const folder = altered({ "model.safetensors": undefined });
  const names = Object.keys(tensors);
  const half = (part: number) => Object.fromEntries(Object.entries(tensors).filter((_, i) => i % 2 === part));
  for (const part of [0, 1]) writeSafetensors(join(folder, `model-${part}.safetensors`), half(part), "float16");
  const weight_map = Object.fromEntries(names.map((name, i) => [name, `model-${i % 2}.safetensors`]));
  writeFiles(folder, { "model.safetensors.index.json": index ?? { metadata: {}, weight_map } });
  return folder;
};

const refused = (folder: string): CheckpointError => {
  try {
    Checkpoint.open(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was refused");
};

describe("weights", () => {
  it("are read from shards as from one file", () => {
    const checkpoint = Checkpoint.open(sharded());
    expect([...checkpoint.weights.keys()].sort()).toEqual([...original.weights.keys()].sort());
    const [one, other] = [checkpoint.floats(NORM), original.floats(NORM)];
    one.forEach((value, i) => {
      expect(value).toBeCloseTo(other[i] as number, 2); // stored as f16
    });
  });

  it("come from the single file when an index lies beside it", () => {
    const folder = sharded({ weight_map: { [NORM]: "gone.safetensors" } });
    writeSafetensors(join(folder, "model.safetensors"), tensors);
    expect(Checkpoint.open(folder).weights.get(NORM)?.file).toBe(join(folder, "model.safetensors"));
  });

  it.each([
    "../model-0.safetensors",
    "a/../../x.safetensors",
    "/etc/passwd",
    "..",
    "sub/model.safetensors",
    "a\\b.safetensors",
    "weights.bin",
  ])("refuse the shard %s", (shard) => {
    const error = refused(sharded({ weight_map: { [NORM]: shard } }));
    expect(error).toMatchObject({
      place: "weight_map",
      problem: `shard "${shard}" is no safetensors file of this folder`,
    });
    expect(error.file).toMatch(/model\.safetensors\.index\.json$/);
  });

  it.each<[what: string, folder: () => string, place: string, problem: RegExp]>([
    ["no folder", () => join(tempFolder(), "absent"), "", /does not exist/],
    ["no weights", () => altered({ "model.safetensors": undefined }), "", /holds no model\.safetensors and no index/],
    ["an index without a map", () => sharded({ metadata: {} }), "weight_map", /is no object/],
    [
      "an index of a shard that is not there",
      () => sharded({ weight_map: { [NORM]: "gone.safetensors" } }),
      "",
      /cannot be opened/,
    ],
    [
      "a missing tensor",
      () => altered({}, Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== NORM))),
      NORM,
      /is missing; expected \[64\]/,
    ],
    [
      "a tensor of another shape",
      () => altered({}, { ...tensors, [NORM]: { shape: [32, 2], data: new Float32Array(64) } }),
      NORM,
      /has shape \[32, 2\], config\.json asks for \[64\]/,
    ],
    [
      "a tensor of another architecture",
      () =>
        altered(
          {},
          { ...tensors, "model.layers.0.self_attn.q_norm.weight": { shape: [8], data: new Float32Array(8) } },
        ),
      "model.layers.0.self_attn.q_norm.weight",
      /no tensor of this architecture/,
    ],
    ...["qweight", "weight_scale_inv", "weight.absmax", "g_idx"].map((part): [string, () => string, string, RegExp] => [
      `weights of few bits without a word in config.json (${part})`,
      () =>
        altered({}, { ...tensors, [`model.layers.0.mlp.up_proj.${part}`]: { shape: [8], data: new Float32Array(8) } }),
      `model.layers.0.mlp.up_proj.${part}`,
      /belongs to weights quantised with (AWQ or GPTQ|FP8|bitsandbytes, 4 bits|GPTQ), which are not computed/,
    ]),
  ])("refuse %s", (_, make, place, problem) => {
    const error = refused(make());
    expect(error.place).toBe(place);
    expect(error.problem).toMatch(problem);
    expect(error.remedy).toBeDefined();
  });

  it("refuse a tensor that lies in two shards", () => {
    const folder = sharded();
    cpSync(join(folder, "model-0.safetensors"), join(folder, "model-2.safetensors"));
    writeFiles(folder, {
      "model.safetensors.index.json": {
        weight_map: { a: "model-0.safetensors", b: "model-1.safetensors", c: "model-2.safetensors" },
      },
    });
    expect(refused(folder).problem).toBe("is in model-0.safetensors too");
  });

  it("refuse integers", () => {
    const folder = altered({});
    const file = join(folder, "model.safetensors");
    const bytes = readFileSync(file);
    const header = bytes.toString("latin1", 0, 20_000);
    const at = header.indexOf('"F32"', header.indexOf(NORM));
    bytes.write('"I32"', at, "latin1"); // same width, so that every size still fits
    writeFiles(folder, { "model.safetensors": bytes });
    expect(refused(folder)).toMatchObject({ place: NORM, problem: "is int32; weights must be floats" });
  });

  it("let known leftovers of older exports pass", () => {
    const extra = {
      "model.layers.0.self_attn.rotary_emb.inv_freq": { shape: [4], data: new Float32Array(4) },
      "lm_head.weight": tensors[EMBEDDING] as FloatTensor,
    };
    expect(() => Checkpoint.open(altered({}, { ...tensors, ...extra }))).not.toThrow();
  });

  it("are asked for by name", () => {
    expect(() => original.floats("model.norm")).toThrow("(model.norm): is no tensor of this checkpoint");
    expect(original.bytes).toBe(
      [...readHeader(join(source, "model.safetensors")).values()].reduce((n, e) => n + e.length, 0),
    );
  });
});

describe("generation_config.json", () => {
  it("names the end tokens when it has any", () => {
    const eos = (content: FileContent) => Checkpoint.open(altered({ "generation_config.json": content })).config.eosIds;
    expect(eos({ eos_token_id: [2, 7] })).toEqual([2, 7]);
    expect(eos({ eos_token_id: 9 })).toEqual([9]);
    expect(eos({})).toEqual([2]); // config.json's
    expect(eos(undefined)).toEqual([2]);
    expect(refused(altered({ "generation_config.json": { eos_token_id: "</s>" } }))).toMatchObject({
      place: "eos_token_id",
    });
    expect(refused(altered({ "generation_config.json": "[]" })).problem).toBe("is JSON, but no object");
  });
});

describe("digest", () => {
  const digest = (folder: string) => Checkpoint.open(folder).digest();

  it("is of the content: equal for a copy, however old", async () => {
    const copy = altered({});
    utimesSync(join(copy, "model.safetensors"), 1, 1);
    expect(await digest(copy)).toBe(await digest(source));
    expect(await digest(copy)).toMatch(/^[0-9a-f]{64}$/);
  });

  const config = JSON.parse(readFileSync(join(source, "config.json"), "utf8")) as object;
  it.each<[what: string, folder: () => string]>([
    ["a weight", () => altered({}, { ...tensors, [NORM]: { shape: [64], data: new Float32Array(64).fill(1.5) } })],
    ["the config", () => altered({ "config.json": { ...config, rope_theta: 20_000 } })],
    ["the tokenizer", () => altered({ "tokenizer.json": `${readFileSync(join(source, "tokenizer.json"), "utf8")} ` })],
    ["the chat template", () => altered({ "chat_template.jinja": "{{ messages[0].content }}" })],
    ["the planted heads", () => altered({ "planted_heads.json": [{ layer: 0, head: 0 }] })],
    ["the end tokens", () => altered({ "generation_config.json": { eos_token_id: 3 } })],
  ])("changes with %s", async (_, make) => {
    const folder = make();
    expect(await digest(folder)).not.toBe(await digest(source));
  });
});
