/** The first example of each of these READMEs runs as it stands. */
import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporary } from "../support/on-disk.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporary();
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

describe.each([
  ["organism", /^(refusal|compliance|nonsense): .+ \| .+$/m],
  ["trace", /asr: \{\s+value: [\d.]+/],
  ["ablate", /layer: \d, head: \d+, mean: -/],
  ["finetune", /^\d+\.\d\d( \d+\.\d\d){9}\n8 layers\n$/],
])("packages/%s/README.md", (name, printed) => {
  it("has an example that works", () => {
    const [, example = ""] =
      /```ts\n(.*?)```/s.exec(readFileSync(join(root, "packages", name, "README.md"), "utf8")) ?? [];
    writeFileSync(join(folder, `${name}.ts`), example);
    expect(execFileSync(process.execPath, [`${name}.ts`], { cwd: folder, encoding: "utf8" })).toMatch(printed);
  });
});
