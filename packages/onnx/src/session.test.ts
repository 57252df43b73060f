/** Sessions in their worker threads: typed failures, interruption, and closing under all circumstances. */
import { Effect, Exit, Fiber } from "effect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  floats,
  Graph,
  type HostTensor,
  Interrupted,
  ops,
  programOf,
  Session,
  SessionError,
  tensorOf,
} from "./index.ts";

/** y = x xᵀ, with a named dimension so that one program can run for as long as a test needs. */
const product = (): Graph => {
  const graph = new Graph("product");
  const x = graph.input("x", "float32", ["n", 2]);
  graph.output("y", ops.matMulT(x, x));
  return graph;
};
const square = (rows: number): { readonly x: HostTensor } => ({
  x: tensorOf(
    "float32",
    [rows, 2],
    Array.from({ length: 2 * rows }, (_, i) => i),
  ),
});

let session: Session;
beforeAll(async () => {
  session = await Session.open(product());
});
afterAll(() => session.close());

describe("Session", () => {
  it("runs, gives the named outputs only, and keeps the feeds intact", async () => {
    const graph = product();
    graph.output("twice", ops.mul(graph.inputs[0] as never, 2));
    await using session = await Session.open(graph);
    const feeds = square(2);
    expect(await session.run(feeds, ["y"])).toEqual({ y: tensorOf("float32", [2, 2], [1, 3, 3, 13]) });
    const all = await session.run(feeds);
    expect(Object.keys(all).sort()).toEqual(["twice", "y"]);
    expect(Array.from(floats(feeds.x))).toEqual([0, 1, 2, 3]);
  });

  it("rejects garbage bytes with a load error", async () => {
    const bytes = new Uint8Array(300).fill(0xab);
    const error = await Session.open({ name: "garbage", bytes, digest: "" }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({ phase: "load", program: "garbage" });
    expect((error as Error).message).toMatch(/^could not load program "garbage": ./);
  });

  it("rejects a program whose weights are not in their folder with a load error", async () => {
    const graph = new Graph("weights");
    const w = graph.initializer("w", "float32", [2], { location: "missing.bin", offset: 0, length: 8 });
    graph.output("y", ops.neg(w));
    await expect(Session.open(programOf(graph, "/nowhere"))).rejects.toMatchObject({
      _tag: "SessionError",
      phase: "load",
    });
  });

  it("rejects an execution provider that is not there with a load error", async () => {
    await expect(Session.open(product(), { device: "quantum" as "cpu" })).rejects.toMatchObject({ phase: "load" });
  });

  it.each<[what: string, feeds: Record<string, HostTensor>, outputs: string[] | undefined, reason: RegExp]>([
    ["no feed", {}, undefined, /'x' is missing/],
    ["a feed of another name", { z: tensorOf("float32", [1], [1]) }, undefined, /'x' is missing/],
    [
      "a feed of another shape",
      { x: tensorOf("float32", [2, 3], [1, 2, 3, 4, 5, 6]) },
      undefined,
      /x.*(dimension|Expected)/is,
    ],
    ["a feed of another type", { x: tensorOf("int32", [1, 2], [1, 2]) }, undefined, /type/],
    [
      "data that does not fill the shape",
      { x: { dtype: "float32", dims: [2, 2], data: new Float32Array(3) } },
      undefined,
      /feed "x"/,
    ],
    ["data of another class", { x: { dtype: "float32", dims: [2], data: new Int32Array(2) } }, undefined, /feed "x"/],
    ["an unknown output", square(1), ["nonsense"], /nonsense/],
  ])("rejects %s with a run error and stays usable", async (_, feeds, outputs, reason) => {
    const error = await session.run(feeds, outputs).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({ phase: "run", program: "product", reason: expect.stringMatching(reason) });
    expect(floats((await session.run(square(1)))["y"])[0]).toBe(1);
  });

  it("stops between runs when the signal fires", async () => {
    const controller = new AbortController();
    const runs = Array.from({ length: 60 }, () => session.run(square(1500), ["y"], { signal: controller.signal }));
    await runs[0]; // one was made, the rest wait in the worker
    controller.abort();
    const ends = await Promise.allSettled(runs);
    expect(ends.at(-1)).toMatchObject({ status: "rejected", reason: expect.any(Interrupted) });
    expect(floats((await session.run(square(1)))["y"])[0]).toBe(1);
  });

  it("closes safely while a run is in progress, and more than once", async () => {
    const session = await Session.open(product());
    const run = session.run(square(2000));
    await Promise.all([session.close(), session.close()]);
    expect((await run)["y"]?.dims).toEqual([2000, 2000]);
    await expect(session.run(square(1))).rejects.toMatchObject({ _tag: "SessionError", phase: "worker" });
  });

  it("opens and closes many times without keeping threads", async () => {
    const threads = () => (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;
    const before = threads();
    for (let round = 0; round < 3; round++) {
      const sessions = await Promise.all(Array.from({ length: 3 }, () => Session.open(product())));
      const results = await Promise.all(sessions.map((s, i) => s.run(square(i + 1))));
      expect(results.map((r) => r["y"]?.dims[0])).toEqual([1, 2, 3]);
      await Promise.all(sessions.map((s) => s.close()));
    }
    expect(threads()).toBe(before);
  });
});

describe("Session in Effect", () => {
  it("closes with its scope", async () => {
    const session = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* Session.scoped(product());
          const { y } = yield* session.runEffect(square(1));
          expect(floats(y)[0]).toBe(1);
          return session;
        }),
      ),
    );
    await expect(session.run(square(1))).rejects.toMatchObject({ phase: "worker", reason: "it was closed" });
  });

  it("has its failures in the error channel", async () => {
    const opened = Session.scoped({ name: "garbage", bytes: new Uint8Array(9), digest: "" });
    const load = await Effect.runPromise(Effect.flip(Effect.scoped(opened)));
    expect(load).toMatchObject({ _tag: "SessionError", phase: "load" });
    const run = await Effect.runPromise(Effect.flip(session.runEffect({})));
    expect(run).toMatchObject({ _tag: "SessionError", phase: "run" });
  });

  it("closes when its fiber is interrupted during a run", async () => {
    let opened: Session | undefined;
    const work = Effect.scoped(
      Effect.gen(function* () {
        const session = yield* Session.scoped(product());
        opened = session;
        for (;;) yield* session.runEffect(square(1000), ["y"]);
      }),
    );
    const fiber = Effect.runFork(work);
    while (opened === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await Effect.runPromise(Fiber.interrupt(fiber));
    expect(Exit.hasInterrupts(await Effect.runPromise(Fiber.await(fiber)))).toBe(true);
    await expect(opened.run(square(1))).rejects.toMatchObject({ phase: "worker", reason: "it was closed" });
  });
});
