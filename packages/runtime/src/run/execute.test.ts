import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { beforeEach, describe, expect, it } from "vitest";
import { StageError } from "../errors.ts";
import { gate, Numbers, registry, runs } from "../fixtures/numbers.ts";
import { planLines, planned, run } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import * as Registry from "../registry.ts";
import * as Stage from "../stage.ts";
import type { RunEvent } from "./events.ts";
import { execute } from "./execute.ts";
import { resolveLatest } from "./latest.ts";
import { readRun, readSummary } from "./record.ts";

const chain = `version: 1
name: demo
nodes:
  a: { stage: num.source }
  b: { stage: num.scale, inputs: { numbers: a }, config: { factor: 2 } }
  total: { stage: num.sum, inputs: { numbers: [a, b], offset: a } }
`;

beforeEach(() => {
  runs.clear();
  gate.waiting = false;
  gate.open = false;
});

describe("a run", () => {
  it("leaves a record, a summary, events and published files", async () => {
    const root = temporaryFolder();
    const { result, events, states } = await run({ root, text: chain });
    expect(states).toEqual(["a: done", "b: done", "total: done"]);
    expect(result.summary).toMatchObject({
      pipeline: "demo",
      status: "ok",
      metrics: { sum: { value: 24, ci95: [23, 25], n: 9 } },
    });
    expect(await Effect.runPromise(readSummary(result.path))).toEqual(result.summary);
    expect(readFileSync(join(result.path, "page.txt"), "utf8")).toBe("24\n");
    expect(result.published).toEqual(["page.txt"]);
    expect(await resolveLatest(join(root, "runs"))).toBe(join(root, "runs", "latest"));
    expect(readdirSync(join(root, "runs", "latest"))).toEqual(readdirSync(result.path));

    const record = await Effect.runPromise(readRun(result.path));
    expect(record).toMatchObject({ status: "ok", pipeline: "demo", file: "pipeline.yaml" });
    expect(record.nodes[2]).toMatchObject({
      node: "total",
      state: "done",
      inputs: { numbers: ["a.numbers", "b.numbers"], offset: ["a.numbers"] },
    });
    const path = record.nodes[0]?.outputs.numbers?.path ?? "?";
    expect(existsSync(join(root, path, "artifact.json"))).toBe(true);

    const lines = readFileSync(join(result.path, "events.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
    const types = events.map((event) => event.type);
    expect(types[0]).toBe("run.started");
    expect(types.at(-1)).toBe("run.finished");
    expect(events).toContainEqual(
      expect.objectContaining({ type: "node.progress", done: 3, total: 3, unit: "numbers" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ type: "node.log", message: "sum is 24" }));
  });

  it("records where each artifact came from", async () => {
    const root = temporaryFolder();
    const { plan } = await run({ root, text: chain });
    const digest = plan.nodes[1]?.digests.numbers ?? "?";
    const manifest = JSON.parse(readFileSync(join(root, ".precipice/store/numbers", digest, "artifact.json"), "utf8"));
    expect(manifest).toMatchObject({
      kind: "numbers",
      digest,
      contents: { tables: { numbers: { rows: 3, columns: [{ name: "value", type: "number" }] } } },
      origin: { stage: "num.scale", config: { factor: 2 }, inputs: { numbers: [plan.nodes[0]?.digests.numbers] } },
    });
    expect(manifest.contents.files[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("runs nothing twice", async () => {
    const root = temporaryFolder();
    await run({ root, text: chain });
    const { states, result } = await run({ root, text: chain });
    expect(states).toEqual(["a: cached", "b: cached", "total: cached"]);
    expect(Object.fromEntries(runs)).toEqual({ "num.source": 1, "num.scale": 1, "num.sum": 1 });
    expect(result.summary.metrics.sum?.value).toBe(24);
  });

  it("reuses a result under another node name and pipeline", async () => {
    const root = temporaryFolder();
    await run({ root, text: chain });
    const { states } = await run({ root, text: "version: 1\nname: other\nnodes: { z: { stage: num.source } }\n" });
    expect(states).toEqual(["z: cached"]);
  });

  it("starts nothing more after a failure", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  bad: { stage: num.fail, config: { how: fail } }
  good: { stage: num.source }
  after: { stage: num.scale, inputs: { numbers: good }, config: { factor: 1 } }
`;
    const { result, states, events } = await run({ root, text, concurrency: 1 });
    expect(result.status).toBe("failed");
    expect(states.sort()).toEqual(["after: blocked", "bad: failed", "good: blocked"]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "node.blocked", node: "good", reason: "not started: bad failed" }),
    );
    expect(Object.fromEntries(runs)).toEqual({ "num.fail": 1 });
  });

  it("lets nodes that run already finish after a failure", async () => {
    const root = temporaryFolder();
    const text = `version: 1
concurrency: 2
nodes:
  a: { stage: num.source }
  slow: { stage: num.wait, inputs: { numbers: a } }
  bad: { stage: num.fail, config: { how: fail }, inputs: { numbers: a } }
`;
    const running = run({ root, text });
    while (!gate.waiting || !runs.has("num.fail")) await new Promise((resolve) => setTimeout(resolve, 5));
    gate.open = true;
    expect((await running).states.sort()).toEqual(["a: done", "bad: failed", "slow: done"]);
  });

  it("that keeps going blocks what depends on a failure and finishes the rest", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  bad: { stage: num.fail, config: { how: fail } }
  after: { stage: num.scale, inputs: { numbers: bad }, config: { factor: 1 } }
  good: { stage: num.source }
`;
    const { result, states, events } = await run({ root, text, keepGoing: true });
    expect(result.status).toBe("failed");
    expect(states.sort()).toEqual(["after: blocked", "bad: failed", "good: done"]);
    expect(result.nodes.get("bad")?.error).toEqual({
      code: "E_TEST",
      message: "failed on purpose",
      remedy: "Expect it.",
    });
    expect(events).toContainEqual(expect.objectContaining({ type: "node.blocked", reason: "bad did not finish" }));
    expect(await planLines({ root, text })).toEqual([
      "bad: run (it failed the last time)",
      "good: cached (its result is in the store)",
      "after: run (never ran)",
    ]);
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
  });

  it.each([
    ["throw", "E_STAGE_DEFECT", "Error: thrown"],
    ["incomplete", "E_ARTIFACT_INCOMPLETE", "numbers"],
  ])("names what happens when a stage does %s", async (how, code, message) => {
    const root = temporaryFolder();
    const { result } = await run({
      root,
      text: `version: 1\nnodes: { x: { stage: num.fail, config: { how: ${how} } } }\n`,
    });
    expect(result.nodes.get("x")?.error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("gives a node its scratch folder back after a failure, and clears it once the node is done", async () => {
    const root = temporaryFolder();
    const seen: Array<{ folder: string; before: boolean }> = [];
    const resumable = Stage.make("num.resumable", {
      version: 1,
      description: "Fails the first time",
      config: Schema.Struct({}),
      inputs: {},
      outputs: { numbers: Numbers },
      run: Effect.fn("num.resumable")(function* ({ scratch, outputs }) {
        const before = existsSync(join(scratch, "half"));
        seen.push({ folder: scratch, before });
        if (!before) {
          mkdirSync(scratch, { recursive: true });
          writeFileSync(join(scratch, "half"), "done");
          return yield* new StageError({ message: "cut off" });
        }
        yield* outputs.numbers.writeRows("numbers", [{ value: 1 }]);
      }),
    });
    const project = {
      root,
      text: "version: 1\nname: demo\nnodes:\n  a: { stage: num.resumable }\n",
      registry: Registry.make([resumable]),
    };
    expect((await run(project)).states).toEqual(["a: failed"]);
    expect((await run(project)).states).toEqual(["a: done"]);
    expect(seen.map((s) => s.before)).toEqual([false, true]);
    expect(seen[1]?.folder).toBe(seen[0]?.folder);
    expect(seen[0]?.folder.startsWith(join(root, ".precipice/scratch/"))).toBe(true);
    expect(existsSync(seen[0]?.folder as string)).toBe(false);
  });

  it("refuses two metrics of one name and keeps the results", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  a: { stage: num.source }
  s: { stage: num.sum, inputs: { numbers: a } }
  t: { stage: num.sum, inputs: { numbers: [a, a] } }
`;
    const { result, states } = await run({ root, text });
    expect([...states].sort()).toEqual(["a: done", "s: done", "t: done"]);
    expect(result).toMatchObject({ status: "failed", error: { code: "E_METRIC_DUPLICATE" } });
    expect((await run({ root, text, sets: ["nodes.t.config.key=other"] })).result.status).toBe("ok");
  });

  it("runs independent nodes at once when asked to", async () => {
    const most = async (concurrency: number): Promise<number> => {
      let now = 0;
      let peak = 0;
      const slow = Stage.make("num.slow", {
        version: 1,
        description: "Counts how many run with it",
        config: Schema.Struct({ i: Schema.Int }),
        inputs: {},
        outputs: { numbers: Numbers },
        run: Effect.fn("num.slow")(function* ({ outputs }) {
          now += 1;
          peak = Math.max(peak, now);
          yield* Effect.sleep("30 millis");
          yield* outputs.numbers.writeRows("numbers", []);
          now -= 1;
        }),
      });
      const nodes = [1, 2, 3, 4].map((i) => `  n${i}: { stage: num.slow, config: { i: ${i} } }`).join("\n");
      const text = `version: 1\nconcurrency: ${concurrency}\nnodes:\n${nodes}\n`;
      await run({ root: temporaryFolder(), text, registry: Registry.make([slow]) });
      return peak;
    };
    expect(await most(1)).toBe(1);
    expect(await most(3)).toBe(3);
  });

  it("ends cleanly when interrupted: recorded, nothing half-published, finished work kept", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  a: { stage: num.source }
  w: { stage: num.wait, inputs: { numbers: a } }
  z: { stage: num.scale, inputs: { numbers: w }, config: { factor: 2 } }
`;
    const exit = await Effect.runPromise(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.flatMap(planned({ root, text }), (plan) => execute(plan)));
        while (!gate.waiting) yield* Effect.sleep("5 millis");
        yield* Fiber.interrupt(fiber);
        return yield* Fiber.await(fiber);
      }),
    );
    expect(Exit.hasInterrupts(exit)).toBe(true);
    const record = await Effect.runPromise(readRun(join(root, "runs", "latest")));
    expect(record.status).toBe("interrupted");
    expect(record.nodes.map(({ node, state }) => `${node}: ${state}`)).toEqual([
      "a: done",
      "w: interrupted",
      "z: pending",
    ]);
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
    expect(readdirSync(join(root, ".precipice/store/numbers"))).toHaveLength(1);
    expect(await planLines({ root, text })).toEqual([
      "a: cached (its result is in the store)",
      "w: run (it was interrupted the last time)",
      "z: run (never ran)",
    ]);
  });

  it("may happen twice at once on one store: each result is computed once, both succeed", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  a: { stage: num.source }
  w: { stage: num.wait, inputs: { numbers: a } }
  z: { stage: num.scale, inputs: { numbers: w }, config: { factor: 2 } }
`;
    const waiting: Array<string> = [];
    const once = (): Promise<Awaited<ReturnType<typeof run>>> =>
      Effect.runPromise(
        Effect.gen(function* () {
          const events: Array<RunEvent> = [];
          const plan = yield* planned({ root, text });
          const result = yield* execute(plan, {
            onEvent: (event) => {
              events.push(event);
              if (event.type === "node.waiting") waiting.push(event.node);
            },
          });
          return { plan, result, events, states: [...result.nodes].map(([name, { state }]) => `${name}: ${state}`) };
        }),
      );
    const both = Promise.all([once(), once()]);
    while (!waiting.includes("w")) await new Promise((done) => setTimeout(done, 5));
    gate.open = true;
    const [first, second] = await both;
    expect([first.result.status, second.result.status]).toEqual(["ok", "ok"]);
    expect(Object.fromEntries(runs)).toEqual({ "num.source": 1, "num.wait": 1, "num.scale": 1 });
    expect([...first.states, ...second.states].filter((line) => line === "w: cached")).toHaveLength(1);
    const told = [...first.events, ...second.events].find((event) => event.type === "node.waiting");
    expect(told).toMatchObject({ node: expect.any(String), holder: expect.stringContaining(String(process.pid)) });
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
    expect(readdirSync(join(root, ".precipice/locks"))).toEqual([]);
  });

  it("puts nothing of the environment into artifacts or records", async () => {
    process.env.HF_TOKEN = "hf_secret_value";
    const root = temporaryFolder();
    await run({ root, text: chain, registry });
    delete process.env.HF_TOKEN;
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(10);
    for (const entry of files) {
      expect(readFileSync(join(entry.parentPath, entry.name)).includes("hf_secret_value")).toBe(false);
    }
  });
});
