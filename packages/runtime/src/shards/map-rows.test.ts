import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { beforeEach, describe, expect, it } from "vitest";
import { failuresOf, open } from "../artifact/reader.ts";
import { StageError } from "../errors.ts";
import { mapping, registry, resetMapping, Squares, square } from "../fixtures/mapping.ts";
import { Numbers } from "../fixtures/numbers.ts";
import { planLines, planned, run } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { execute } from "../run/execute.ts";
import { readRun } from "../run/record.ts";
import { runStage } from "../run/stage.ts";
import type { OnError } from "./failures.ts";
import { mapRowsIn, mapRowsInMemory, memoryShards } from "./map-rows.ts";

const text = (values: ReadonlyArray<number>, config = "{}") => `version: 1
nodes:
  a: { stage: num.source, config: { values: [${values.join(", ")}] } }
  b: { stage: num.square, inputs: { numbers: a }, config: ${config} }
`;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const project = (root: string, values: ReadonlyArray<number>, config?: string) => ({
  root,
  registry,
  text: text(values, config),
});
type Ran = Awaited<ReturnType<typeof run>>;
const pathOf = ({ plan }: Pick<Ran, "plan">) =>
  plan.store.pathOf(Squares, plan.nodes.find(({ node }) => node.name === "b")?.digests.squares ?? "?");
const bytes = (path: string) =>
  Object.fromEntries(
    readdirSync(path)
      .filter((name) => name !== "artifact.json")
      .map((name) => [name, readFileSync(join(path, name)).toString("hex")]),
  );
const squaresOf = (ran: Ran) =>
  Effect.runPromise(
    Effect.map(open(Squares, pathOf(ran), { digest: "", node: "" }).rows("squares"), (rows) =>
      rows.map((row) => row.square),
    ),
  );

beforeEach(resetMapping);

describe("a mapping stage", () => {
  it("opens its resource once, computes each row once, and keeps their order", async () => {
    const ran = await run(project(temporaryFolder(), upTo(30)));
    expect(ran.states).toEqual(["a: done", "b: done"]);
    expect(mapping).toMatchObject({ opened: 1, computed: upTo(30) });
    expect(await squaresOf(ran)).toEqual(upTo(30).map((v) => v * v));
    const points = await Effect.runPromise(open(Squares, pathOf(ran), { digest: "", node: "" }).vectors("points"));
    expect(points.columns.map(({ value }) => value)).toEqual(upTo(30));
    expect([...points.data.slice(58)]).toEqual([29, 841]);
    const { shards = [] } = (await Effect.runPromise(readRun(ran.result.path))).nodes[1] ?? {};
    expect(shards.length).toBeGreaterThan(3);
    expect(shards.reduce((sum, shard) => sum + shard.rows, 0)).toBe(30);
  });

  it("computes only what rows that are added change, and loads nothing when nothing is missing", async () => {
    const root = temporaryFolder();
    await run(project(root, upTo(40)));
    resetMapping();
    const longer = await run(project(root, [...upTo(40), 40]));
    expect(mapping.computed.length).toBeLessThanOrEqual(9);
    expect(mapping.computed).toContain(40);
    expect(await squaresOf(longer)).toEqual(upTo(41).map((v) => v * v));
    resetMapping();
    const fewer = await run(project(root, upTo(40), "{ onError: skip }"));
    expect(mapping).toMatchObject({ opened: 0, computed: [] });
    expect(fewer.states).toEqual(["a: cached", "b: done"]);
    resetMapping();
    await run(project(root, upTo(40), "{ power: 3 }"));
    expect(mapping.computed).toEqual(upTo(40));
  });

  it("takes nothing from stored shards when it is forced", async () => {
    const root = temporaryFolder();
    await run(project(root, upTo(10)));
    resetMapping();
    await run({ ...project(root, upTo(10)), force: ["b"] });
    expect(mapping.computed).toEqual(upTo(10));
  });

  it("interrupted, loses the shards in flight only; resumed, gives the bytes of a run that was not", async () => {
    const whole = await run(project(temporaryFolder(), upTo(40)));
    resetMapping();
    const root = temporaryFolder();
    let reached = false;
    mapping.before = (value) => {
      if (value < 23) return Effect.void;
      reached = true;
      return Effect.never;
    };
    await Effect.runPromise(
      Effect.gen(function* () {
        const plan = yield* planned(project(root, upTo(40)));
        const fiber = yield* Effect.forkChild(execute(plan));
        while (!reached) yield* Effect.sleep("5 millis");
        yield* Fiber.interrupt(fiber);
      }),
    );
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
    expect(mapping.computed).toEqual(upTo(23));
    resetMapping();
    const resumed = await run(project(root, upTo(40)));
    // 4 rows a shard, 8 at most: the one that row 23 is in was not whole.
    expect(mapping.computed[0]).toBeGreaterThan(15);
    expect(mapping.computed.at(-1)).toBe(39);
    expect(bytes(pathOf(resumed))).toEqual(bytes(pathOf(whole)));
  });

  it("stops at a row that fails, and keeps the shards before it", async () => {
    const root = temporaryFolder();
    mapping.failing.set(17, 1);
    const { result } = await run(project(root, upTo(30)));
    expect(result.nodes.get("b")).toMatchObject({ state: "failed", error: { code: "E_TEST", message: "17 fails" } });
    mapping.computed = [];
    const again = await run(project(root, upTo(30)));
    expect(again.result.status).toBe("ok");
    expect(mapping.computed[0]).toBeGreaterThan(9);
  });

  it("records rows that are skipped, shows their number, and tries them again next time", async () => {
    const root = temporaryFolder();
    mapping.failing = new Map([
      [5, 99],
      [17, 99],
    ]);
    const ran = await run(project(root, upTo(30), "{ onError: skip }"));
    expect(await squaresOf(ran)).toEqual(
      upTo(30)
        .filter((v) => v !== 5 && v !== 17)
        .map((v) => v * v),
    );
    expect(await Effect.runPromise(failuresOf(pathOf(ran)))).toEqual([
      { row: "n5", code: "E_TEST", message: "5 fails", attempts: 1 },
      { row: "n17", code: "E_TEST", message: "17 fails", attempts: 1 },
    ]);
    expect(new Set(mapping.computed).size).toBe(mapping.computed.length);
    expect(ran.result.summary.metrics["failures.b"]).toEqual({ value: 2 });
    expect(ran.events).toContainEqual(expect.objectContaining({ type: "node.done", node: "b", failures: 2 }));
    expect(await planLines(project(root, upTo(30), "{ onError: skip }"))).toContain(
      "b: cached (its result is in the store, 2 rows failed)",
    );
    const cached = await run(project(root, upTo(30), "{ onError: skip }"));
    expect(cached.result.summary.metrics["failures.b"]).toEqual({ value: 2 });

    resetMapping();
    const healed = await run(project(root, upTo(30)));
    expect(healed.result.summary.metrics["failures.b"]).toBeUndefined();
    expect(mapping.computed).toEqual(expect.arrayContaining([5, 17]));
    expect(mapping.computed.length).toBeLessThanOrEqual(16);
    expect(await squaresOf(healed)).toEqual(upTo(30).map((v) => v * v));
  });

  it("retries a row as often as it is told", async () => {
    mapping.failing = new Map([
      [3, 3],
      [7, 99],
    ]);
    const ran = await run(project(temporaryFolder(), upTo(10), "{ onError: { retry: 3 } }"));
    expect(await Effect.runPromise(failuresOf(pathOf(ran)))).toEqual([
      { row: "n7", code: "E_TEST", message: "7 fails", attempts: 4 },
    ]);
  });

  it("fails when no row is left", async () => {
    mapping.failing = new Map(upTo(5).map((v) => [v, 99]));
    const { result } = await run(project(temporaryFolder(), upTo(5), "{ onError: skip }"));
    expect(result.nodes.get("b")?.error).toMatchObject({ code: "E_ROWS_ALL_FAILED" });
  });

  it("maps no rows at all", async () => {
    const ran = await run(project(temporaryFolder(), []));
    expect(ran.states).toEqual(["a: done", "b: done"]);
    expect(mapping.opened).toBe(0);
  });

  it("works by hand, without a store", async () => {
    const folder = temporaryFolder();
    const numbers = { ...open(Numbers, "", { digest: "d", node: "a" }), rows: () => Effect.succeed([{ value: 3 }]) };
    const made = await Effect.runPromise(
      runStage(square, { config: {}, inputs: { numbers: numbers as never }, folder }),
    );
    expect(await Effect.runPromise(made.squares.rows("squares"))).toEqual([{ value: 3, square: 9 }]);
  });
});

describe("rows that are computed shard by shard", () => {
  it("are together with the same others, whatever is stored already", async () => {
    const store = memoryShards();
    const map = async (stopAt: number) => {
      const calls: Array<ReadonlyArray<number>> = [];
      const mapRows = mapRowsIn({
        store,
        key: { stage: "s", stageVersion: 1, config: null, inputs: {}, fingerprint: null, numerics: {} },
        progress: () => undefined,
        onShard: () => undefined,
        onFailures: () => Effect.void,
      });
      const exit = await Effect.runPromiseExit(
        mapRows({
          kind: Squares,
          rows: upTo(30),
          id: String,
          port: "numbers",
          rowsPerShard: 4,
          together: "shard",
          open: Effect.void,
          run: (_, rows, { emit }) => {
            if (rows.includes(stopAt)) return Effect.fail(new StageError({ code: "E_STOP", message: "stopped" }));
            calls.push(rows);
            for (const [i, value] of rows.entries()) emit(i, { squares: [{ value, square: value * value }] });
            return Effect.sleep("1 millis");
          },
        }),
      );
      return { calls, exit };
    };
    const first = await map(17);
    const second = await map(-1);
    expect([first.exit._tag, second.exit._tag]).toEqual(["Failure", "Success"]);
    expect(first.calls.length).toBeGreaterThan(1);
    expect([...first.calls, ...second.calls].flat()).toEqual(upTo(30));
    expect(second.calls[0]).toContain(17);
    expect(Math.max(...second.calls.map((rows) => rows.length))).toBeLessThanOrEqual(8);
  });
});

describe("rows that name their own failure", () => {
  const map = (onError: OnError) => {
    const calls: Array<ReadonlyArray<number>> = [];
    const mapped = Effect.runPromise(
      mapRowsInMemory()({
        kind: Squares,
        rows: upTo(8),
        id: String,
        port: "numbers",
        rowsPerShard: 4,
        onError,
        open: Effect.void,
        run: (_, rows, { emit, fail }) =>
          Effect.sync(() => {
            calls.push(rows);
            for (const [i, value] of rows.entries()) {
              if (value % 3 === 2) fail(i, new StageError({ code: "E_TWO", message: `${value} will not do` }));
              else emit(i, { squares: [{ value, square: value * value }] });
            }
          }),
      }),
    );
    return { calls, mapped };
  };

  it("are tried again as they are, never in halves, and then recorded", async () => {
    const { calls, mapped } = map({ retry: 2 });
    const { failures, rows } = await mapped;
    expect(calls).toEqual([upTo(8), [2, 5], [2, 5]]);
    expect(failures).toEqual(
      [2, 5].map((row) => ({ row: `${row}`, code: "E_TWO", message: `${row} will not do`, attempts: 3 })),
    );
    expect((await Effect.runPromise(rows("squares"))).map(({ value }) => value)).toEqual([0, 1, 3, 4, 6, 7]);
  });

  it("fail the stage where none may fail", async () => {
    await expect(map("fail").mapped).rejects.toMatchObject({ code: "E_TWO", message: "2 will not do" });
  });
});
