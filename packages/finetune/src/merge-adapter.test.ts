import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { Checkpoint, forwardProgram, type LoraShape, padRows, writeSafetensors } from "@precipice/model";
import { floats, type HostTensor, type HostTensors, Session } from "@precipice/onnx";
import { describe, expect, it } from "vitest";
import { difference } from "../../../tests/support/compare.ts";
import { temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint, traceOf } from "../../../tests/support/small-model.ts";
import { mergeAdapter } from "./merge-adapter.ts";
import { readAdapter } from "./peft-files.ts";

const root = temporary();
const rows = [traceOf("a", 20).ids, traceOf("b", 5).ids];

const logits = async (of: Checkpoint, lora?: LoraShape, parameters: HostTensors = {}): Promise<Float32Array> => {
  await using session = await Session.open(forwardProgram(of, { maxTokens: 64, everyToken: true, logits: true, lora }));
  return floats((await session.run({ input_ids: padRows(rows, of.config.vocab).ids, ...parameters }))["logits"]);
};

describe("mergeAdapter", () => {
  it.each(["lora_qv", "lora_all"])("gives a checkpoint with the logits of base and %s", async (name) => {
    const adapter = readAdapter(join(checkpoint.folder, name), checkpoint.config);
    const folder = join(root, name);
    mergeAdapter(checkpoint, adapter, folder);
    const parameters = Object.fromEntries(
      Object.entries(adapter.parameters).map(([key, { shape, data }]): [string, HostTensor] => [
        key,
        { dtype: "float32", dims: shape, data: data as Float32Array<ArrayBuffer> },
      ]),
    );
    const merged = await logits(Checkpoint.open(folder));
    // the same sum in f32, associated in another way
    expect(difference(merged, await logits(checkpoint, adapter.lora, parameters)).maxAbs).toBeLessThan(1e-4);
    expect(difference(merged, await logits(checkpoint)).maxAbs).toBeGreaterThan(1e-2);
  });

  it("scales by alpha / sqrt(r) where the adapter is rank-stabilised", () => {
    const adapter = readAdapter(join(checkpoint.folder, "lora_qv"), checkpoint.config);
    mergeAdapter(checkpoint, adapter, join(root, "plain"));
    mergeAdapter(checkpoint, { ...adapter, lora: { ...adapter.lora, rankStabilized: true } }, join(root, "stabilised"));
    const name = "model.layers.1.self_attn.q_proj.weight";
    const [base, plain, stabilised] = [
      checkpoint,
      Checkpoint.open(join(root, "plain")),
      Checkpoint.open(join(root, "stabilised")),
    ].map((c) => c.floats(name));
    const ratio = Math.sqrt(adapter.lora.rank);
    base?.forEach((w, i) => {
      expect((stabilised?.[i] as number) - w).toBeCloseTo(ratio * ((plain?.[i] as number) - w), 5);
    });
  });

  it("keeps the element type of the base, and its other files", () => {
    const half = join(root, "half");
    cpSync(checkpoint.folder, half, { recursive: true });
    const tensors = Object.fromEntries(
      [...checkpoint.weights].map(([name, { shape }]) => [name, { shape, data: checkpoint.floats(name) }]),
    );
    writeSafetensors(join(half, "model.safetensors"), tensors, "bfloat16");
    const base = Checkpoint.open(half);
    const folder = join(root, "merged-half");
    mergeAdapter(base, readAdapter(join(half, "lora_qv"), base.config), folder);
    const merged = Checkpoint.open(folder);
    expect(new Set([...merged.weights.values()].map((e) => e.dtype))).toEqual(new Set(["bfloat16"]));
    expect([...merged.weights.keys()]).toEqual([...base.weights.keys()]);
    expect(merged.config).toEqual(base.config);
    expect(merged.floats("model.embed_tokens.weight")).toEqual(base.floats("model.embed_tokens.weight"));
    expect(existsSync(join(folder, "adapter_config.json"))).toBe(false);
  });
});
