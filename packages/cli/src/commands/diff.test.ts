import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli, folderWith, start } from "../fixtures/process.ts";

const yaml = `version: 1
name: demo
nodes:
  a: { stage: demo.write, config: { lines: 4 } }
  b: { stage: demo.write, config: { text: "\\e[2Jb" } }
  total: { stage: demo.count, inputs: { lines: [a, b] }, config: { metric: lines, per: line } }
`;

it("runs lists and diff compares what was recorded", async () => {
  const folder = folderWith(yaml);
  const none = await cli(folder, "diff", "--json");
  expect([none.code, JSON.parse(none.stdout)]).toMatchObject([1, { issues: [{ code: "E_RUN_UNKNOWN" }] }]);
  expect((await cli(folder, "runs")).stdout).toMatch(/^No runs in /);

  await cli(folder, "run", "p.yaml");
  await cli(folder, "run", "p.yaml", "--set", "nodes.a.config.lines=9");
  const list = JSON.parse((await cli(folder, "runs", "--json")).stdout);
  expect(list).toMatchObject([
    { pipeline: "demo", status: "ok", nodes: { done: 2, cached: 1 } },
    { pipeline: "demo", status: "ok", nodes: { done: 3 } },
  ]);
  const [after, before] = list;

  const diff = JSON.parse((await cli(folder, "diff", "--json")).stdout);
  expect(diff).toMatchObject({
    a: before.id,
    b: after.id,
    run: [],
    nodes: [
      {
        node: "a",
        change: "changed",
        parts: [
          { path: "config.lines", a: 4, b: 9 },
          { path: "outputs.lines", a: expect.any(String), b: expect.any(String) },
        ],
      },
      { node: "b", change: "same", parts: [] },
      {
        node: "total",
        change: "changed",
        parts: [
          { path: "inputs.lines", a: expect.stringMatching(/^a\.lines@\w+, b\.lines@\w+$/) },
          { path: "outputs.metrics" },
        ],
      },
    ],
    metrics: [{ key: "lines", a: { value: 7 }, b: { value: 12 }, delta: 5, apart: true }],
  });

  expect((await cli(folder, "show", "latest~1")).stdout).toContain(before.id);

  const text = (await cli(folder, "diff", before.id.slice(-6), "latest")).stdout;
  expect(text).toContain(`A  ${before.id}  ok in `);
  expect(text).toMatch(/^a +config\.lines +4 +9$/m);
  expect(text).toMatch(/^lines +7 \[6\.5, 7\.5\] +12 \[11\.5, 12\.5\] +\+5 +apart$/m);
  expect(text).toContain("nodes  1 the same");
  const itself = (await cli(folder, "diff", "latest", after.path)).stdout;
  expect(itself).toContain("(no differences)");

  writeFileSync(join(folder, "p.yaml"), yaml.replaceAll(" b:", " c:").replace("[a, b]", "[a, c]"));
  await cli(folder, "run", "p.yaml");
  const renamed = JSON.parse((await cli(folder, "diff", before.id, "latest", "--json")).stdout);
  expect(renamed.nodes).toContainEqual({ node: "c", change: "added", parts: [] });
  expect(renamed.nodes).toContainEqual({ node: "b", change: "removed", parts: [] });
  expect(renamed.metrics).toMatchObject([{ key: "lines", delta: 0 }]);

  for (const [args, code] of [
    [["diff", "2", "latest"], "E_RUN_AMBIGUOUS"],
    [["diff", "nothing", "latest"], "E_RUN_UNKNOWN"],
    [["diff", "latest~9", "latest"], "E_RUN_UNKNOWN"],
  ] as const) {
    const refused = await cli(folder, ...args);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(code)]);
  }
  // A dozen processes, one after the other.
}, 900_000);

it("runs tells killed and unreadable runs from those that run", async () => {
  const folder = folderWith(
    "version: 1\nname: slow\nnodes: { a: { stage: demo.write, config: { lines: 3000, delayMs: 10 } } }\n",
  );
  const { child, finished, saw } = start(folder, "run", "p.yaml", "--json");
  await saw('"type":"node.progress"');
  const running = JSON.parse((await cli(folder, "runs", "--json")).stdout);
  expect(running).toMatchObject([{ status: "running", nodes: { pending: 1 } }]);
  child.kill("SIGKILL");
  await finished;
  mkdirSync(join(folder, "runs/broken"));
  writeFileSync(join(folder, "runs/broken/run.json"), "{");
  mkdirSync(join(folder, "runs/no-run"));
  const { stdout } = await cli(folder, "runs", "--json");
  expect(
    JSON.parse(stdout)
      .map(({ status }: { status: string }) => status)
      .sort(),
  ).toEqual(["killed", "unreadable"]);
  expect(readFileSync(join(folder, "runs/broken/run.json"), "utf8")).toBe("{");
});
