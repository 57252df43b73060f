/**
 * Every architecture with weights in f32, bf16, f16 and in shards, against transformers: on the tiny checkpoints that travel with the
 * repository, so that parity does not depend on what lies beside it. Their README says what each of them turns on.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkParity, readConfig } from "@precipice/model";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../support/checkpoint-folder.ts";
import { withDtypeCopies } from "../support/dtype-copies.ts";

const root = fileURLToPath(new URL("../corpus/tiny/", import.meta.url));
const names = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

describe.each(names)("%s", (name) => {
  it("computes every reference tensor within tolerance, in all dtypes", { timeout: 900_000 }, async () => {
    const folder = tempFolder();
    withDtypeCopies(`${root}${name}`, folder);
    const { rows } = await checkParity(folder);
    expect(rows.filter((row) => !row.pass)).toEqual([]);
    const found = rows.map((row) => row.tensor);
    for (const tensor of [
      "seq0.logits",
      "gen.tokens",
      "bf16.logits_upcast",
      "f16.logits_upcast",
      "sharded: padded.logits",
    ])
      expect(found).toContain(tensor);
  });
});

it("is about every model type there is", () => {
  const types = new Set(names.map((name) => readConfig(`${root}${name}`).modelType));
  expect([...types].sort()).toEqual(["llama", "mistral", "phi3", "qwen2", "qwen3", "qwen3_moe"]);
});

it.each<[name: string, holds: object]>([
  ["qwen2", { windows: [null, 3, 3], tied: true, bias: { qkv: true, o: false, mlp: false } }],
  ["qwen3", { headNorm: true, headDim: 8, hidden: 16, bias: { qkv: true, o: true, mlp: false } }],
  ["qwen3_moe", { experts: { count: 4, perToken: 2, intermediate: 8, normalised: false } }],
  ["mistral", { windows: [4, 4, 4] }],
  ["phi3-longrope", { fused: true, rotaryDim: 6, headDim: 8 }],
  ["llama-yarn", { bias: { qkv: true, o: true, mlp: true }, tied: false }],
])("%s turns on what it is there for", (name, holds) => {
  expect(readConfig(`${root}${name}`)).toMatchObject(holds);
});
