/** `precipice doctor parity --json`: what programs read, and the exit code that a reference decides. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeFloats, readBytes, readFloats, readHeader, type TensorPart, writeTensors } from "@precipice/model";
import { expect, it } from "vitest";
import { folderWith, launch } from "../../packages/cli/src/fixtures/process.ts";
import { alteredCopy } from "../support/checkpoint-folder.ts";

const main = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const tiny = fileURLToPath(new URL("../corpus/tiny/qwen2", import.meta.url));

/** The checkpoint with its reference tensors, one of them changed by `by` in its first element. */
const changed = (tensor: string, by: number): string => {
  const folder = alteredCopy(tiny, {});
  const parts = [...readHeader(join(tiny, "golden.safetensors")).values()].map((entry): TensorPart => {
    if (entry.name !== tensor) return { ...entry, bytes: () => readBytes(entry) };
    const values = readFloats(entry);
    values[0] = (values[0] as number) + by;
    return { ...entry, bytes: () => encodeFloats(values, "float32") };
  });
  writeTensors(join(folder, "golden.safetensors"), parts);
  return folder;
};

interface Printed {
  readonly pass: boolean;
  readonly rows: ReadonlyArray<Record<"tensor" | "maxAbs" | "rms" | "tolerance" | "pass", unknown>>;
}

it.each([
  [0, true],
  [0.001, false],
])("a reference that is off by %d: pass is %s, and the exit code says so", { timeout: 900_000 }, async (by, pass) => {
  const folder = changed("seq0.logits", by);
  const { code, stdout } = await launch(main, folderWith(""), "doctor", "parity", folder, "--json").finished;
  const printed = JSON.parse(stdout) as Printed;
  expect([code, printed.pass]).toEqual([pass ? 0 : 1, pass]);
  expect(printed.rows.filter((row) => row.pass !== true).map((row) => row.tensor)).toEqual(pass ? [] : ["seq0.logits"]);
  for (const row of printed.rows) {
    expect(Object.keys(row).sort()).toEqual(["maxAbs", "pass", "rms", "tensor", "tolerance"]);
    expect([row.maxAbs, row.rms, row.tolerance].every((value) => typeof value === "number")).toBe(true);
  }
});
