/**
 * Test support only: a checkpoint folder with reference tensors, and beside its weights the same ones rounded to 16 bits and
 * in two shards, as `precipice doctor parity` looks for them (`bf16/`, `f16/`, `sharded/`).
 */
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFloats, readBytes, readFloats, readHeader, type TensorPart, writeTensors } from "@precipice/model";

/** Copies the checkpoint `from` into the empty folder `to` and adds the three. */
export const withDtypeCopies = (from: string, to: string): void => {
  cpSync(from, to, { recursive: true, mode: 0 });
  const tensors = [...readHeader(join(from, "model.safetensors")).values()];
  const copy = (name: string): string => {
    const folder = join(to, name);
    mkdirSync(folder);
    copyFileSync(join(from, "config.json"), join(folder, "config.json"));
    return folder;
  };
  for (const [name, dtype] of [
    ["bf16", "bfloat16"],
    ["f16", "float16"],
  ] as const) {
    const parts = tensors.map(
      (entry): TensorPart => ({ ...entry, dtype, bytes: () => encodeFloats(readFloats(entry), dtype) }),
    );
    writeTensors(join(copy(name), "model.safetensors"), parts);
  }
  const sharded = copy("sharded");
  const map: Record<string, string> = {};
  for (const half of [0, 1]) {
    const file = `model-0000${half + 1}-of-00002.safetensors`;
    const own = tensors.filter((_, i) => i % 2 === half);
    for (const { name } of own) map[name] = file;
    writeTensors(
      join(sharded, file),
      own.map((entry): TensorPart => ({ ...entry, bytes: () => readBytes(entry) })),
    );
  }
  writeFileSync(join(sharded, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: map }));
};
