import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import { beforeEach, describe, expect, it } from "vitest";
import { open } from "../artifact/reader.ts";
import { create } from "../artifact/writer.ts";
import { Numbers } from "../fixtures/numbers.ts";
import { planned, run } from "../fixtures/project.ts";
import { Points, registry, resetStreamed, stream, streamed } from "../fixtures/streaming.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { execute } from "../run/execute.ts";
import { readRun } from "../run/record.ts";
import { runStage } from "../run/stage.ts";
import * as Stage from "../stage.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const project = (root: string, values: ReadonlyArray<number>) => ({
  root,
  registry,
  text: `version: 1
nodes:
  a: { stage: num.source, config: { values: [${values.join(", ")}] } }
  b: { stage: num.points, inputs: { numbers: a } }
`,
});
type Planned = Pick<Awaited<ReturnType<typeof run>>, "plan">;
const fileOf = ({ plan }: Planned) =>
  join(
    plan.store.pathOf(Points, plan.nodes.find(({ node }) => node.name === "b")?.digests.points ?? "?"),
    "points.arrow",
  );
const bytesOf = (ran: Planned) => readFileSync(fileOf(ran)).toString("hex");
const shardFolder = (root: string): string => {
  const [key = ""] = readdirSync(join(root, ".precipice/scratch"));
  return join(root, ".precipice/scratch", key, "shards");
};

/** Runs until `value` is to be computed, then interrupts. */
const runUntil = async (root: string, values: ReadonlyArray<number>, value: number) => {
  let reached = false;
  streamed.before = (next) => {
    if (next !== value) return Effect.void;
    reached = true;
    return Effect.never;
  };
  await Effect.runPromise(
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(execute(yield* planned(project(root, values))));
      while (!reached) yield* Effect.sleep("5 millis");
      yield* Fiber.interrupt(fiber);
    }),
  );
  streamed.before = () => Effect.void;
};

beforeEach(resetStreamed);

describe("a stage that streams its rows", () => {
  it("computes each row once, in order, and leaves no shards when its result is published", async () => {
    const root = temporaryFolder();
    const ran = await run(project(root, upTo(30)));
    expect(ran.states).toEqual(["a: done", "b: done"]);
    expect(streamed).toMatchObject({ opened: 1, computed: upTo(30) });
    const path = join(fileOf(ran), "..");
    const points = await Effect.runPromise(open(Points, path, { digest: "", node: "" }).vectors("points"));
    expect(points.columns.map(({ value }) => value)).toEqual(upTo(30).filter((v) => v % 2 === 0));
    expect([...points.data.slice(-2)]).toEqual([28, 784]);
    expect(readdirSync(join(root, ".precipice/scratch"))).toEqual([]);
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
    const { shards = [] } = (await Effect.runPromise(readRun(ran.result.path))).nodes[1] ?? {};
    expect(shards.map(({ index }) => index)).toEqual(upTo(shards.length));
    expect(shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(30);
    const last = ran.events.findLast((event) => event.type === "node.progress");
    expect(last).toMatchObject({ node: "b", done: 30, total: 30 });
  });

  it("interrupted, loses the shards in flight only; resumed, gives the bytes of a run that was not", async () => {
    const whole = await run(project(temporaryFolder(), upTo(40)));
    resetStreamed();
    const root = temporaryFolder();
    await runUntil(root, upTo(40), 23);
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
    const kept = readdirSync(shardFolder(root)).length;
    expect(kept).toBeGreaterThan(1);
    resetStreamed();
    const resumed = await run(project(root, upTo(40)));
    // 4 rows a shard, 8 at most: the one of row 23 was not whole, the one before it may not have been flushed.
    expect(streamed.computed[0]).toBeGreaterThan(7);
    expect(streamed.computed.at(-1)).toBe(39);
    expect(bytesOf(resumed)).toBe(bytesOf(whole));
    const cached = resumed.events.filter((event) => event.type === "node.shard" && event.state === "cached");
    expect(cached).toHaveLength(kept);
  });

  it("loads nothing when all shards are there", async () => {
    const root = temporaryFolder();
    streamed.fails = true;
    expect((await run(project(root, upTo(20)))).states).toEqual(["a: done", "b: failed"]);
    resetStreamed();
    expect((await run(project(root, upTo(20)))).states).toEqual(["a: cached", "b: done"]);
    expect(streamed).toMatchObject({ opened: 0, computed: [] });
  });

  it("computes one that is damaged again", async () => {
    const root = temporaryFolder();
    const whole = await run(project(temporaryFolder(), upTo(40)));
    resetStreamed();
    await runUntil(root, upTo(40), 39);
    const [some = ""] = readdirSync(shardFolder(root));
    const path = join(shardFolder(root), some, "points.arrow");
    truncateSync(path, 10);
    resetStreamed();
    const resumed = await run(project(root, upTo(40)));
    expect(streamed.computed.length).toBeLessThanOrEqual(24);
    expect(bytesOf(resumed)).toBe(bytesOf(whole));
  });

  it("takes nothing from what is there when it is forced", async () => {
    const root = temporaryFolder();
    await runUntil(root, upTo(20), 19);
    resetStreamed();
    await run({ ...project(root, upTo(20)), force: ["b"] });
    expect(streamed.computed).toEqual(upTo(20));
  });

  it("streams no rows at all, and rows without any vector", async () => {
    expect((await run(project(temporaryFolder(), []))).states).toEqual(["a: done", "b: done"]);
    expect(streamed.opened).toBe(0);
    const odd = await run(project(temporaryFolder(), [1, 3, 5, 7, 9, 11, 13]));
    const points = await Effect.runPromise(
      open(Points, join(fileOf(odd), ".."), { digest: "", node: "" }).vectors("points"),
    );
    expect(points).toMatchObject({ columns: [], dim: 2 });
  });

  it("works by hand, without a store", async () => {
    const folder = temporaryFolder();
    const rows = upTo(20).map((value) => ({ value }));
    const source = { ...open(Numbers, "", { digest: "d", node: "a" }), rows: () => Effect.succeed(rows) };
    const { points } = await Effect.runPromise(
      runStage(stream, { config: {}, inputs: { numbers: source as never }, folder }),
    );
    expect((await Effect.runPromise(points.vectors("points"))).columns).toHaveLength(10);
    expect(existsSync(join(folder, "scratch"))).toBe(false);
  });
});

describe("vectors that are copied", () => {
  const writer = (name: string) => {
    const path = join(temporaryFolder(), name);
    mkdirSync(path);
    return create(Points, path);
  };
  const batch = (value: number, data: Float32Array | Uint16Array = Float32Array.of(value, value)) => ({
    columns: [{ value }],
    dim: data.length,
    data,
  });
  const finished = async (fill: ReturnType<typeof batch>) => {
    const root = temporaryFolder();
    const make = Stage.make("num.one", {
      version: 1,
      description: "One vector",
      config: Schema.Struct({}),
      inputs: {},
      outputs: { points: Points },
      run: ({ outputs }) => outputs.points.writeVectors("points", fill),
    });
    return (await Effect.runPromise(runStage(make, { config: {}, inputs: {}, folder: root }))).points;
  };

  it("give the bytes of a file written at once", async () => {
    const parts = [await finished(batch(1)), await finished(batch(2))];
    const copied = writer("copied");
    const straight = writer("straight");
    await Effect.runPromise(
      Effect.gen(function* () {
        for (const part of parts) yield* copied.writer.copyVectors("points", part);
        for (const value of [1, 2]) yield* straight.writer.writeVectors("points", batch(value));
        expect((yield* copied.seal).files).toEqual((yield* straight.seal).files);
      }),
    );
  });

  it("must fit those before them, and be whole", async () => {
    const { writer: target } = writer("target");
    await Effect.runPromise(target.writeVectors("points", batch(1)));
    const copy = async (from: Awaited<ReturnType<typeof finished>>) =>
      Effect.runPromise(Effect.flip(target.copyVectors("points", from)));
    expect(await copy(await finished(batch(2, Float32Array.of(1, 2, 3))))).toMatchObject({ code: "E_ROWS" });
    expect(await copy(await finished(batch(2, Uint16Array.of(0, 0))))).toMatchObject({ code: "E_ROWS" });
    const broken = await finished(batch(2));
    truncateSync(broken.file("points.arrow"), 300);
    expect(await copy(broken)).toMatchObject({ code: "E_ARTIFACT_DAMAGED" });
  });
});
