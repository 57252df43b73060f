/** A training program in its worker: descends, freezes what is masked, and survives steps that go wrong. */
import { describe, expect, it } from "vitest";
import { floats, Graph, GraphError, ops, type Tensor, tensorOf } from "../index.ts";
import { type TrainingOptions, type TrainingProgram, trainingProgram } from "./program.ts";
import { Trainer } from "./trainer.ts";

/** loss = Σ (w x − y)², w [2, 3]. */
const build = (extra: (w: Tensor, graph: Graph) => Partial<TrainingOptions> = () => ({})): TrainingProgram => {
  const graph = new Graph("fit");
  const x = graph.input("x", "float32", ["n", 3]);
  const y = graph.input("y", "float32", ["n", 2]);
  const w = graph.input("w", "float32", [2, 3]);
  const error = ops.sub(ops.gemm(x, w, { transB: true }), y);
  const loss = ops.reduceSum(ops.mul(error, error), [0, 1], false);
  return trainingProgram(graph, { loss, parameters: [w], ...extra(w, graph) });
};
const start = { w: tensorOf("float32", [2, 3], [0.5, -0.5, 0.25, 1, 2, -1]) };
const batch = { x: tensorOf("float32", [2, 3], [1, 2, 3, -1, 0, 1]), y: tensorOf("float32", [2, 2], [1, 0, -1, 2]) };
const valuesOf = async (trainer: Trainer) => Array.from(floats((await trainer.parameters())["w"]));

describe("Trainer", () => {
  it("learns, counts its steps, and reports norm and metrics", async () => {
    const program = build((w) => ({
      metrics: { largest: ops.reduceMax(w, [0, 1], false) },
      optimizer: { weightDecay: 0 },
    }));
    await using trainer = await Trainer.open(program, start);
    const losses: number[] = [];
    for (let i = 1; i <= 100; i++) {
      const result = await trainer.step(batch, 0.1);
      expect(result.step).toBe(i);
      if (i === 1) expect(result.metrics).toEqual({ largest: 2 }); // before the step, as the loss
      losses.push(result.loss);
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 1000);
  });

  it("moves every parameter by the learning rate in the first step, whatever its gradient's size", async () => {
    await using trainer = await Trainer.open(
      build(() => ({ optimizer: { weightDecay: 0 } })),
      start,
    );
    await trainer.step(batch, 0.01); // bias correction makes m / sqrt(v) a sign
    const moves = (await valuesOf(trainer)).map((v, i) => Math.abs(v - (floats(start.w)[i] as number)));
    for (const move of moves) expect(move).toBeCloseTo(0.01, 5);
  });

  it("leaves masked elements alone, weight decay included", async () => {
    const program = build((_, graph) => ({
      masks: new Map([["w", graph.constant("float32", [1, 0, 1, 0, 0, 1], [2, 3])]]),
      optimizer: { weightDecay: 0.5 },
    }));
    await using trainer = await Trainer.open(program, start);
    for (let i = 0; i < 3; i++) await trainer.step(batch, 0.1);
    const changed = (await valuesOf(trainer)).map((v, i) => v !== floats(start.w)[i]);
    expect(changed).toEqual([true, false, true, false, false, true]);
  });

  it("answers a loss that is not finite with NonFiniteLoss and keeps parameters, moments and step count", async () => {
    await using disturbed = await Trainer.open(build(), start);
    await using quiet = await Trainer.open(build(), start);
    const feeds = (value: number) => ({ ...batch, y: tensorOf("float32", [2, 2], [value, 0, 0, 0]) });
    for (const trainer of [disturbed, quiet]) await trainer.step(batch, 0.1);
    const before = await valuesOf(disturbed);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
      await expect(disturbed.step(feeds(value), 0.1)).rejects.toMatchObject({ _tag: "NonFiniteLoss", step: 2 });
    }
    await expect(disturbed.step(batch, Number.NaN)).rejects.toThrow("the learning rate is NaN");
    await expect(disturbed.step({ x: batch.x }, 0.1)).rejects.toMatchObject({ _tag: "SessionError", phase: "run" });
    await expect(disturbed.step(batch, 0.1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      _tag: "Interrupted",
    });
    expect(await valuesOf(disturbed)).toEqual(before);
    expect(await disturbed.step(batch, 0.1)).toEqual(await quiet.step(batch, 0.1));
    expect(await valuesOf(disturbed)).toEqual(await valuesOf(quiet));
  });

  it("makes overlapping steps one after the other", async () => {
    await using trainer = await Trainer.open(build(), start);
    const results = await Promise.all([1, 2, 3].map(() => trainer.step(batch, 0.01)));
    expect(results.map((r) => r.step)).toEqual([1, 2, 3]);
  });

  it("hands out copies of its parameters", async () => {
    await using trainer = await Trainer.open(build(), start);
    floats((await trainer.parameters())["w"]).fill(99);
    expect(await valuesOf(trainer)).toEqual(Array.from(floats(start.w)));
  });

  it.each([
    ["missing", {}, 'parameter "w" needs float32[2, 3], got nothing'],
    ["of another shape", { w: tensorOf("float32", [3, 2], [1, 2, 3, 4, 5, 6]) }, "got float32[3, 2]"],
    ["of another type", { w: tensorOf("int32", [2, 3], [1, 2, 3, 4, 5, 6]) }, "got int32[2, 3]"],
  ])("refuses to open with a parameter %s", async (_, parameters, reason) => {
    const error = await Trainer.open(build(), parameters).catch((e: unknown) => e);
    expect(error).toMatchObject({ _tag: "SessionError", phase: "load", reason: expect.stringContaining(reason) });
  });
});

describe("trainingProgram", () => {
  it.each<[problem: string, options: (w: Tensor, graph: Graph) => Partial<TrainingOptions>]>([
    ["there are no parameters to train", () => ({ parameters: [] })],
    ["a parameter must be an input of the graph", (w) => ({ parameters: [ops.neg(w)] })],
    ["a parameter must be f32 of known size, not float64", (_, g) => ({ parameters: [g.input("d", "float64", [2])] })],
    ["a parameter must be f32 of known size, not float32", (_, g) => ({ parameters: [g.inputs[0] as Tensor] })],
    ["the mask belongs to no parameter", (_, g) => ({ masks: new Map([["v", g.constant("float32", 1)]]) })],
    ["two outputs have this name", (w) => ({ metrics: { loss: ops.reduceMax(w, [0, 1], false) } })],
  ])("refuses: %s", (problem, options) => {
    expect(() => build(options)).toThrow(GraphError);
    expect(() => build(options)).toThrow(problem);
  });

  it("clips once for all parameters", () => {
    const graph = new Graph("two");
    const [a, b] = [graph.input("a", "float32", [2]), graph.input("b", "float32", [2])];
    const loss = ops.reduceSum(ops.mul(a, b), [0], false);
    trainingProgram(graph, { loss, parameters: [a, b], optimizer: { clipNorm: 1 } });
    expect(graph.nodes.filter((n) => n.op === "Min")).toHaveLength(1);
  });
});
