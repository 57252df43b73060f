/** How commands end when their reader leaves, their output is full, a signal comes or the disk refuses. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, start } from "../../packages/cli/src/fixtures/process.ts";

const program = join(import.meta.dirname, "../../packages/cli/src/fixtures/main.ts");

const slow = `version: 1
nodes:
  quick: { stage: demo.write }
  slow: { stage: demo.write, config: { lines: 60, delayMs: 5, text: slow } }
`;

const record = (folder: string) => JSON.parse(readFileSync(join(folder, "runs/latest/run.json"), "utf8"));

describe("a reader that leaves", () => {
  it("does not end a run: its results are there and its record is finished", async () => {
    const folder = folderWith(slow);
    const { child, finished, saw } = start(folder, "run", "p.yaml", "--json");
    await saw('"type":"run.started"');
    child.stdout?.destroy();
    const { code, stderr } = await finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { status, nodes } = record(folder);
    expect([status, ...nodes.map(({ state }: { state: string }) => state)]).toEqual(["ok", "done", "done"]);
  });

  it("ends what only prints with 141, as SIGPIPE does", () => {
    const command = `"$0" "$1" stages --json | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout } = spawnSync("bash", ["-c", command, process.execPath, program], { encoding: "utf8" });
    expect(stdout).toBe("141\n");
  });
});

it.skipIf(!existsSync("/dev/full"))("a full stdout is an error, said on stderr, of what only prints", () => {
  const { status, stderr } = spawnSync("sh", ["-c", '"$0" "$1" stages > /dev/full', process.execPath, program], {
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^E_OUTPUT stdout cannot be written: ENOSPC/);
});
