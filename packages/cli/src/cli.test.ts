import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, folderWith, start } from "./fixtures/process.ts";

const good = `version: 1
name: demo
vars: { n: 4 }
nodes:
  a: { stage: demo.write, config: { lines: "\${vars.n}" } }
  b: { stage: demo.write, config: { text: "\\e[2Jb" } }
  total: { stage: demo.count, inputs: { lines: [a, b] }, config: { metric: lines, per: line } }
`;

const slow = `version: 1
concurrency: 1
nodes:
  quick: { stage: demo.write }
  slow: { stage: demo.write, config: { lines: 2000, delayMs: 10, text: slow } }
`;

const runRecord = (folder: string) => JSON.parse(readFileSync(join(folder, "runs/latest/run.json"), "utf8"));

describe("run", () => {
  it("runs, tells, and is quiet about the terminal when there is none", async () => {
    const folder = folderWith(good);
    const { code, stdout, stderr } = await cli(folder, "run", "p.yaml");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^demo {2}3 to run, 0 cached\n→ a {6}demo\.write {2}never ran\n/);
    expect(stdout).toMatch(/✓ total {2}\d+ ms\n/);
    expect(stdout).toMatch(/lines {7}7 {2}\[6\.5, 7\.5\] {2}7\n/);
    expect(stdout).toContain("writing \\x1b[2Jb");
    expect(stdout).not.toContain("\u001b");
    expect(runRecord(folder)).toMatchObject({ status: "ok", pipeline: "demo", numerics: { provider: "cpu" } });

    const again = await cli(folder, "run", "p.yaml");
    expect(again.stdout).toMatch(/^demo {2}0 to run, 3 cached\n/);
  });

  it("with --json prints one event per line", async () => {
    const folder = folderWith(good);
    const { code, stdout } = await cli(folder, "run", "p.yaml", "--json");
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events[0]).toMatchObject({ type: "run.started", pipeline: "demo" });
    expect(events.at(-1)).toMatchObject({ type: "run.finished", status: "ok" });
    expect(
      events
        .filter(({ type }) => type === "node.done")
        .map(({ node }) => node)
        .sort(),
    ).toEqual(["a", "b", "total"]);
  });

  it("--dry-run shows what plan shows and does nothing", async () => {
    const folder = folderWith(good);
    const dry = await cli(folder, "run", "p.yaml", "--dry-run");
    const plan = await cli(folder, "plan", "p.yaml");
    expect(dry.stdout).toBe(plan.stdout);
    expect(plan.stdout).toContain("3 to run, 0 cached, 0 blocked");
    expect(existsSync(join(folder, "runs"))).toBe(false);
  });

  it("exits 1 when a node fails, with what to do, and keeps the rest", async () => {
    const folder = folderWith(`${good}  bad: { stage: demo.fail, inputs: { lines: a } }\n`);
    const { code, stdout } = await cli(folder, "run", "p.yaml", "--keep-going");
    expect(code).toBe(1);
    expect(stdout).toContain("✗ bad    E_DEMO no \\x1b[31mluck\\x07\n");
    expect(stdout).toContain("Try \\x1b]0;again");
    const plan = await cli(folder, "plan", "p.yaml");
    expect(plan.stdout).toContain("it failed the last time");
    expect(plan.stdout).toContain("1 to run, 3 cached");
  });

  it("prints every error of a file with its place before any work", async () => {
    const folder = folderWith(
      "version: 1\nnodes:\n  a: { stage: demo.wirte }\n  b: { stage: demo.count, inputs: { lines: a } }\n",
    );
    const { code, stdout, stderr } = await cli(folder, "run", "p.yaml");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      [
        'p.yaml:3:15 E_STAGE_UNKNOWN there is no stage "demo.wirte"',
        '  Did you mean "demo.write"?',
        "p.yaml:4:3 E_CONFIG config.metric: Missing key",
        "  precipice stages demo.count lists its config.",
        "p.yaml:4:3 E_CONFIG config.per: Missing key",
        "  precipice stages demo.count lists its config.",
        "",
      ].join("\n"),
    );
    const json = await cli(folder, "run", "p.yaml", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ type: "error", issues: [{ line: 3, column: 15 }, {}, {}] });
    expect(existsSync(join(folder, "runs"))).toBe(false);
  });

  it.each([
    [["run", "nowhere.yaml"], "nowhere.yaml:1:1 E_FILE_MISSING"],
    [["run", "p.yaml", "--frobnicate"], "E_USAGE Unrecognized flag: --frobnicate"],
    [["run"], "E_USAGE Missing required argument: file"],
    [["rnu", "p.yaml"], "run"],
    [["run", "p.yaml", "--concurrency", "0"], "a whole number, at least 1"],
    [["run", "p.yaml", "--force", "totl"], 'Did you mean "total"?'],
    [["run", "p.yaml", "--set", "vars.m=1"], "--set vars.m=1:1:1 E_VAR_UNKNOWN"],
    [["show", "latest"], "there is no run yet"],
    [["show", "nothing"], "E_SHOW_UNKNOWN"],
    [["stages", "demo.wirte"], 'Did you mean "demo.write"?'],
  ])("%j is refused on stderr with exit code 1", async (args, message) => {
    const { code, stdout, stderr } = await cli(folderWith(good), ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe("an interrupted run", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("by %s exits %i, is recorded, and goes on next time", async (signal, expected) => {
    const folder = folderWith(slow);
    const { child, finished, saw } = start(folder, "run", "p.yaml", "--json");
    await saw('"type":"node.done","node":"quick"');
    await saw('"type":"node.progress","node":"slow"');
    child.kill(signal);
    const { code, stdout } = await finished;
    expect(code).toBe(expected);
    expect(stdout).toContain('"type":"run.finished"');
    expect(runRecord(folder)).toMatchObject({
      status: "interrupted",
      nodes: [
        { node: "quick", state: "done" },
        { node: "slow", state: "interrupted" },
      ],
    });
    expect(readdirSync(join(folder, ".precipice/tmp"))).toEqual([]);
    expect(readdirSync(join(folder, ".precipice/store/lines"))).toHaveLength(1);
    if (signal !== "SIGINT") return;
    const next = await cli(folder, "run", "p.yaml", "--set", "nodes.slow.config.delayMs=0");
    expect(next.stdout).toContain("1 to run, 1 cached");
    expect(next.code).toBe(0);
  });

  it("by kill -9 leaves nothing half-published and no rubbish for long", async () => {
    const folder = folderWith(slow);
    const { child, finished, saw } = start(folder, "run", "p.yaml", "--json");
    await saw('"type":"node.done","node":"quick"');
    await saw('"type":"node.progress","node":"slow"');
    child.kill("SIGKILL");
    expect((await finished).signal).toBe("SIGKILL");
    expect(readdirSync(join(folder, ".precipice/store/lines"))).toHaveLength(1);
    expect(readdirSync(join(folder, ".precipice/tmp"))).toHaveLength(1);
    const plan = await cli(folder, "plan", "p.yaml");
    expect(plan.stdout).toContain("1 to run, 1 cached");
    expect(readdirSync(join(folder, ".precipice/tmp"))).toEqual([]);
  });
});

it("two runs at once on one store both succeed", async () => {
  const folder = folderWith(slow);
  const sets = ["--set", "nodes.slow.config.lines=30"];
  const both = await Promise.all([cli(folder, "run", "p.yaml", ...sets), cli(folder, "run", "p.yaml", ...sets)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(readdirSync(join(folder, ".precipice/store/lines"))).toHaveLength(2);
});

describe("show", () => {
  it("shows runs, artifacts by node, digest and folder, and their rows", async () => {
    const folder = folderWith(good);
    await cli(folder, "run", "p.yaml");
    const latest = await cli(folder, "show", "latest");
    expect(latest.stdout).toMatch(/total {2}demo\.count {2}done/);
    expect(latest.stdout).toMatch(/lines {7}7 {2}\[6\.5, 7\.5\]/);

    const byNode = await cli(folder, "show", "b", "--rows", "2");
    expect(byNode.stdout).toContain("made by  demo.write version 1, output lines");
    expect(byNode.stdout).toContain("3 rows\nindex  text\n─────  ────────\n    0  \\x1b[2Jb\n    1  \\x1b[2Jb\n");
    const [digest = ""] = /[0-9a-f]{32}/.exec(byNode.stdout) ?? [];
    expect((await cli(folder, "show", digest.slice(0, 10), "--rows", "2")).stdout).toBe(byNode.stdout);
    expect((await cli(folder, "show", `.precipice/store/lines/${digest}`, "--rows", "2")).stdout).toBe(byNode.stdout);

    const json = await cli(folder, "show", "total.metrics", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      manifest: { kind: "metrics", origin: { stage: "demo.count", stageVersion: 2 } },
      tables: [{ name: "metrics", rows: 1, first: [{ key: "lines", value: 7 }] }],
    });
  });
});

describe("a part of a pipeline", () => {
  it("is planned, run and drawn alike", async () => {
    const folder = folderWith(good);
    const plan = await cli(folder, "plan", "p.yaml", "--to", "a", "--json");
    expect(JSON.parse(plan.stdout)).toMatchObject({
      nodes: [{ node: "a", status: "run", rows: null, lastDurationMs: null }],
      totals: { run: 1, cached: 0, bytes: { sum: 0, unknown: 1 } },
    });
    expect((await cli(folder, "run", "p.yaml", "--to", "a", "--dry-run", "--json")).stdout).toBe(plan.stdout);
    expect((await cli(folder, "run", "p.yaml", "--to", "a")).code).toBe(0);
    const after = await cli(folder, "plan", "p.yaml");
    expect(after.stdout).toMatch(/^a +demo\.write +cached +its result is in the store +4 +[\d.]+ k?B +\d+ ms$/m);
    expect(after.stdout).toContain("2 to run, 1 cached, 0 blocked; time unknown before a first run\n");

    const mermaid = await cli(folder, "graph", "p.yaml", "--force", "b");
    expect(mermaid.stdout).toContain('n0["a<br/>demo.write"]:::cached\n');
    expect(mermaid.stdout).toContain('n1["b<br/>demo.write"]:::run\n');
    expect(mermaid.stdout).toContain('n0 -->|"lines"| n2\n');
    const dot = await cli(folder, "graph", "p.yaml", "--format", "dot");
    expect(dot.stdout).toMatch(/^digraph "demo" \{\n/);
    expect(dot.stdout).toContain('"a" -> "total" [label="lines"];');
    expect(dot.stdout).toMatch(/"a" \[label="a\\ndemo\.write", fillcolor="#d7ecd9"/);
  });

  it("takes variables from a file", async () => {
    const folder = folderWith(good);
    writeFileSync(join(folder, "vars.yaml"), "n: 5\n");
    const { code } = await cli(folder, "run", "p.yaml", "--vars", "vars.yaml", "--to", "a");
    const { stdout } = await cli(folder, "show", "a", "--rows", "1");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("5 rows\n") });
  });
});

describe("schema", () => {
  it("is JSON, with every stage's config", async () => {
    const { stdout } = await cli(folderWith(good), "schema");
    expect(JSON.parse(stdout).definitions["config demo.write"]).toMatchObject({
      additionalProperties: false,
      properties: { lines: { default: 3, description: "How many" }, text: { type: "string", default: "line" } },
    });
  });
});

describe("plugins", () => {
  const stage = `import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
export const stages = [{ id: "acme.nothing", version: 1, description: "Does nothing", config: Schema.Struct({ depth: Schema.Int }),
  inputs: {}, outputs: {}, run: () => Effect.void }];
`;
  const install = (folder: string, exports: string): void => {
    const own = join(folder, "node_modules/@acme/precipice-foo");
    mkdirSync(own, { recursive: true });
    symlinkSync(join(import.meta.dirname, "../../../node_modules/effect"), join(folder, "node_modules/effect"), "dir");
    const manifest = { name: "@acme/precipice-foo", version: "1.0.0", type: "module", exports };
    writeFileSync(join(own, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(own, exports), stage);
  };
  const yaml =
    'version: 1\nplugins: ["@acme/precipice-foo"]\nnodes: { a: { stage: acme.nothing, config: { depth: 1 } } }\n';

  it("are in stages, schema, plan and run", async () => {
    const folder = folderWith(yaml);
    install(folder, "index.js");
    const stages = await cli(folder, "stages", "--plugin", "@acme/precipice-foo");
    expect(stages.stdout).toMatch(/^acme\.nothing +Does nothing$/m);
    expect(stages.stdout).toMatch(/^demo\.count/m);
    const schema = await cli(folder, "schema", "--plugin", "@acme/precipice-foo");
    expect(JSON.parse(schema.stdout).definitions["config acme.nothing"].properties).toHaveProperty("depth");
    expect((await cli(folder, "plan", "p.yaml")).stdout).toMatch(/^a +acme\.nothing +run +never ran/m);
    expect((await cli(folder, "run", "p.yaml")).code).toBe(0);
    expect(runRecord(folder).nodes[0]).toMatchObject({ stage: "acme.nothing", package: "@acme/precipice-foo@1.0.0" });
    const missing = await cli(folder, "stages", "--plugin", "@acme/nowhere");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^E_PLUGIN_MISSING /)]);
  });

  it("in TypeScript inside node_modules are refused with what to do about it", async () => {
    const folder = folderWith(yaml);
    install(folder, "index.ts");
    const { code, stderr } = await cli(folder, "plan", "p.yaml");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^p\.yaml:2:11 E_PLUGIN_LOAD /);
    expect(stderr).toContain("link the package's folder (npm install ../FOLDER), or build it");
  });
});

describe("stages", () => {
  it("lists stages and describes one from its Schemas", async () => {
    const folder = folderWith(good);
    const list = await cli(folder, "stages");
    expect(list.stdout).toMatch(/demo\.count {2}lines, extra {2}metrics {2}Counts lines/);
    const { stdout } = await cli(folder, "stages", "demo.write", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      id: "demo.write",
      config: [
        { key: "lines", type: "int", required: false, default: 3, description: "How many" },
        { key: "text", type: "string", required: false, default: "line" },
        { key: "delayMs", type: "int", required: false, default: 0 },
      ],
      outputs: [{ name: "lines", kind: "lines" }],
    });
    const count = await cli(folder, "stages", "demo.count");
    expect(count.stdout).toMatch(/per {5}"line" \| "page" {2}\(required\)/);
    expect(count.stdout).toMatch(/extra {2}lines {2}may be left out/);
  });
});

it("the root is the nearest workspace above the working directory, unless given", async () => {
  const folder = folderWith(good);
  symlinkSync(folder, join(folder, "inner"));
  await cli(join(folder, "inner"), "run", "p.yaml", "--root", "elsewhere");
  expect(readdirSync(folder)).toContain("elsewhere");
  expect(readdirSync(folder)).not.toContain(".precipice");
  await cli(folder, "run", "p.yaml");
  expect(readdirSync(folder)).toContain(".precipice");
});

describe("the store from the command line", () => {
  it("verify says what is damaged with exit code 1, and a run makes it anew", async () => {
    const folder = folderWith(good);
    await cli(folder, "run", "p.yaml");
    const fine = await cli(folder, "verify");
    expect(fine.code).toBe(0);
    expect(fine.stdout).toMatch(/\d+ artifacts, 0 damaged\n$/);
    const lines = join(folder, ".precipice/store/lines");
    const [digest = ""] = readdirSync(lines);
    writeFileSync(join(lines, digest, "lines.parquet"), "PAR1");
    const bad = await cli(folder, "verify", digest.slice(0, 8), "--json");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject([
      { digest, problems: expect.arrayContaining([expect.stringContaining("lines.parquet has 4 bytes")]) },
    ]);
    expect((await cli(folder, "verify")).stdout).toContain(", 1 damaged");
    expect((await cli(folder, "run", "p.yaml")).code).toBe(0);
    expect((await cli(folder, "verify")).code).toBe(0);
    const unknown = await cli(folder, "verify", "ffffffffffff");
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("E_DIGEST_UNKNOWN")]);
  });

  it("gc removes what nothing leads to, pin keeps it, --dry-run only says", async () => {
    const folder = folderWith(good);
    await cli(folder, "run", "p.yaml");
    const count = () => readdirSync(join(folder, ".precipice/store"), { recursive: true }).length;
    const all = count();
    const node = JSON.parse((await cli(folder, "plan", "p.yaml", "--json")).stdout).nodes[0].node as string;
    const pin = await cli(folder, "pin", node);
    expect(pin).toMatchObject({ code: 0, stdout: expect.stringContaining(node) });
    const dry = await cli(folder, "gc", "--max-size", "0B", "--dry-run");
    expect(dry.stdout).toContain("would remove");
    expect(count()).toBe(all);
    // the last complete run is never unreachable
    const kept = await cli(folder, "gc", "--unreachable", "--keep-runs", "0");
    expect(kept.stdout).toMatch(
      /removed 0 artifacts .*\nkept: pins and 1 run: the last 0 \(--keep-runs 0\) and 1 older/,
    );
    await cli(folder, "gc", "--max-size", "0B");
    expect((await cli(folder, "plan", "p.yaml")).stdout).toMatch(/\b1 cached\b/);
    expect((await cli(folder, "unpin", node)).code).toBe(0);
    const { removed } = JSON.parse((await cli(folder, "gc", "--max-size", "0B", "--json")).stdout);
    expect(removed).toHaveLength(1);
    expect((await cli(folder, "plan", "p.yaml")).stdout).toMatch(/\b0 cached\b/);
    for (const args of [
      ["--older-than", "soon"],
      ["--max-size", "lots"],
    ]) {
      expect((await cli(folder, "gc", ...args)).code).toBe(1);
    }
    expect((await cli(folder, "run", "p.yaml", "--memory", "8GB", "--jobs", "2")).code).toBe(0);
    // A dozen processes, one after the other.
  }, 900_000);
});
