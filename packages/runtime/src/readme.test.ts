import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/temporary.ts";

it("the README's example runs as it stands", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const [, example = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const out = join(temporaryFolder(), "out");
  const code = example.replace('"out"', JSON.stringify(out));
  const args = ["--input-type=module-typescript", "-e", code];
  const printed = execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" });
  expect(printed).toBe("[ { value: 0 }, { value: 1 }, { value: 2 } ]\n");
});
