/** The example of every package's README runs as it stands. `npm run pack:check` runs it against the packed package. */
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { printed, readmeOf } from "../../tools/pack/readme.ts";
import { packages, root } from "../../tools/pack/workspace.ts";
import { temporary } from "../support/on-disk.ts";

const folder = temporary();
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

it.each(packages().map((own) => [own.short, own] as const))("packages/%s/README.md", (short, own) => {
  writeFileSync(join(folder, `${short}.ts`), readmeOf(own).example);
  const output = execFileSync(process.execPath, [`${short}.ts`], { cwd: folder, encoding: "utf8" });
  expect(output).toMatch(printed[short] ?? /^the list says what it prints/);
});
