/** What goes to a terminal and what goes elsewhere: colours, redrawn lines and widths, in a real pseudo-terminal. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, folderWith } from "../fixtures/process.ts";
import { columnsOf } from "./text.ts";

const main = join(import.meta.dirname, "../fixtures/main.ts");
const pipeline = "version: 1\nname: p\nnodes:\n  lines: { stage: demo.write, config: { delayMs: 100 } }\n";
const hasScript = spawnSync("script", ["--version"]).status === 0;

/** What a terminal of 60 columns is sent. */
function onTerminal(folder: string, args: string, env: { readonly [name: string]: string } = {}): string {
  const command = `stty cols 60 && '${process.execPath}' '${main}' ${args}`;
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
  const options = { cwd: folder, encoding: "utf8", env: { ...rest, TERM: "xterm", ...env } } as const;
  return execFileSync("script", ["-qec", command, "/dev/null"], options);
}

const colour = /\u001b\[\d+m/;

describe.skipIf(!hasScript)("on a terminal", () => {
  it("there are colours, unless NO_COLOR or a dumb terminal says otherwise", () => {
    const folder = folderWith(pipeline);
    for (const args of ["run p.yaml", "--help"]) {
      expect(onTerminal(folder, args), args).toMatch(colour);
      expect(onTerminal(folder, args, { NO_COLOR: "1" }), args).not.toMatch(colour);
    }
    expect(onTerminal(folder, "run p.yaml --force lines", { TERM: "dumb" })).not.toContain("\u001b");
  }, 900_000);

  it("running nodes are redrawn in place, and tables fit", () => {
    const folder = folderWith(pipeline);
    expect(onTerminal(folder, "run p.yaml")).toContain("\u001b[2K");
    for (const args of ["stages", "plan p.yaml"]) {
      const lines = onTerminal(folder, args, { NO_COLOR: "1" }).split("\r\n");
      expect(lines.length, args).toBeGreaterThan(2);
      for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(60);
    }
  }, 900_000);
});

describe("elsewhere", () => {
  it("there is nothing but text, one line per event", async () => {
    const folder = folderWith(pipeline);
    for (const args of [["run", "p.yaml"], ["--help"], ["rum"]]) {
      const { stdout, stderr } = await cli(folder, ...args);
      expect(`${stdout}${stderr}`, args.join(" ")).not.toMatch(/[\u001b\r]/);
      expect(`${stdout}${stderr}`, args.join(" ")).toMatch(/\n$/);
    }
  }, 900_000);
});
