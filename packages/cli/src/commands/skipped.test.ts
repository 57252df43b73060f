import { expect, it } from "vitest";
import { cli, folderWith } from "../fixtures/process.ts";

it("plan, run and show tell many skipped nodes by their condition, --json each of them", async () => {
  const folder = folderWith(`version: 1
name: p
vars: { most: 1 }
nodes:
  lines:
    stage: demo.write
    matrix: { seed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }
    when: matrix.seed <= vars.most
`);
  const line = "· 11 nodes skipped: when: matrix.seed <= vars.most (lines)";
  for (const args of [
    ["plan", "p.yaml"],
    ["run", "p.yaml"],
    ["show", "latest"],
  ]) {
    const { stdout } = await cli(folder, ...args);
    expect(stdout.split("\n"), args.join(" ")).toContain(line);
    expect(stdout.match(/skipped:/g), args.join(" ")).toHaveLength(1);
    expect(stdout).toContain("lines[seed=1]");
  }
  const { nodes } = JSON.parse((await cli(folder, "plan", "p.yaml", "--json")).stdout) as {
    readonly nodes: ReadonlyArray<{ readonly status: string; readonly reason: string }>;
  };
  expect(nodes.filter(({ status }) => status === "skipped").map(({ reason }) => reason)).toEqual(
    Array.from({ length: 11 }, () => "when: matrix.seed <= vars.most"),
  );
}, 60_000);
