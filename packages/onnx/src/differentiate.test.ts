/** The walk itself; the rules of the single ops are checked in gradients.test.ts. */
import { describe, expect, it } from "vitest";
import {
  differentiate,
  floats,
  GradientError,
  Graph,
  GraphError,
  ops,
  programOf,
  RuntimeSession,
  type Tensor,
  tensorOf,
} from "./index.ts";

const scalarOf = (x: Tensor): Tensor => ops.reduceSum(x, [...x.shape.keys()], false);

/** Values of the gradients at `x = [1, 2, 3]`. */
const gradientsAt = async (graph: Graph, gradients: ReadonlyArray<Tensor>): Promise<number[][]> => {
  gradients.forEach((g, i) => {
    graph.output(`g${i}`, g);
  });
  const session = await RuntimeSession.open(programOf(graph));
  const out = await session.runHost({ x: tensorOf("float32", [3], [1, 2, 3]) });
  await session.close();
  return gradients.map((_, i) => Array.from(floats(out[`g${i}`])));
};

const start = () => {
  const graph = new Graph("g");
  return { graph, x: graph.input("x", "float32", [3]) };
};

describe("differentiate", () => {
  it("adds up over every use of a shared subexpression", async () => {
    const { graph, x } = start();
    const square = ops.mul(x, x);
    const loss = scalarOf(ops.add(ops.mul(square, x), ops.add(square, square))); // x³ + 2x²
    expect(await gradientsAt(graph, differentiate(graph, loss, [x]))).toEqual([[3 + 4, 12 + 8, 27 + 12]]);
  });

  it("answers in the order asked, for intermediate tensors and repeats too", async () => {
    const { graph, x } = start();
    const y = ops.mul(x, 3);
    const loss = scalarOf(ops.mul(y, y)); // d/dy = 2y, d/dx = 18x
    const found = await gradientsAt(graph, differentiate(graph, loss, [y, x, y, loss]));
    expect(found).toEqual([[6, 12, 18], [18, 36, 54], [6, 12, 18], [1]]);
  });

  it("gives zeros to a tensor the loss does not depend on", async () => {
    const { graph, x } = start();
    const aside = ops.exp(x);
    const w = graph.constant(
      "float32",
      [
        [1, 2],
        [3, 4],
      ].flat(),
      [2, 2],
    );
    const gradients = differentiate(graph, scalarOf(ops.neg(x)), [aside, w, x]);
    expect(gradients.map((g) => g.shape)).toEqual([[3], [2, 2], [3]]);
    expect(await gradientsAt(graph, gradients)).toEqual([
      [0, 0, 0],
      [0, 0, 0, 0],
      [-1, -1, -1],
    ]);
  });

  it("walks only nodes between the loss and what is asked for", () => {
    const { graph, x } = start();
    const w = graph.input("w", "float32", [3]);
    const unrelated = ops.exp(ops.sin(w)); // on the way to the loss, but not from x
    const loss = scalarOf(ops.mul(x, unrelated));
    const before = graph.nodes.length;
    differentiate(graph, loss, [x]);
    expect(graph.nodes.slice(before).map((n) => n.op)).not.toContain("Cos");
    expect(graph.nodes.slice(before).every((n) => n.place.startsWith("gradient/"))).toBe(true);
  });

  it("names the op without a gradient and its place", () => {
    const { graph, x } = start();
    const y = graph.scope("blocks.1", () => graph.node("Max", [x, graph.constant("float32", 0)])[0] as Tensor);
    const error = (() => {
      try {
        differentiate(graph, scalarOf(y), [x]);
      } catch (e) {
        return e;
      }
    })();
    expect(error).toBeInstanceOf(GradientError);
    expect(error).toMatchObject({ op: "Max", place: "blocks.1/Max" });
    expect((error as Error).message).toBe(
      "no gradient through Max at blocks.1/Max: the op table has no gradient for it",
    );
  });

  it("does not mind such an op beside the path", () => {
    const { graph, x } = start();
    graph.node("Max", [x, graph.constant("float32", 0)]);
    const limit = graph.node("Max", [graph.constant("float32", [1, 2, 3]), graph.constant("float32", 2)])[0] as Tensor;
    expect(() => differentiate(graph, scalarOf(ops.mul(x, limit)), [x])).not.toThrow();
  });

  it("refuses a rule that leaves out an input on the path, instead of taking it for zero", () => {
    const graph = new Graph("g");
    const x = graph.input("x", "float32", [1, 2, 4]);
    const cos = graph.input("cos", "float32", [1, 2, 2]);
    const sin = graph.input("sin", "float32", [1, 2, 2]);
    const loss = scalarOf(ops.rotary(x, cos, sin, undefined, { heads: 1 }));
    expect(() => differentiate(graph, loss, [x])).not.toThrow();
    expect(() => differentiate(graph, loss, [cos])).toThrow(
      "no gradient through RotaryEmbedding at g/RotaryEmbedding: its rule has none for input 1",
    );
  });

  it("takes comparisons and integer casts for steps", async () => {
    const { graph, x } = start();
    const gate = ops.cast(ops.greater(x, 1.5), "float32");
    const rounded = ops.cast(ops.cast(x, "int64"), "float32");
    const loss = scalarOf(ops.add(ops.mul(x, gate), rounded));
    expect(await gradientsAt(graph, differentiate(graph, loss, [x]))).toEqual([[0, 1, 1]]);
  });

  it.each<[problem: string, loss: (x: Tensor) => Tensor]>([
    ["the loss must be a scalar", (x) => x],
    ["the loss must be a float, not int64", (x) => ops.cast(scalarOf(x), "int64")],
    ["it belongs to another graph", () => scalarOf(start().x)],
  ])("refuses: %s", (problem, loss) => {
    const { graph, x } = start();
    expect(() => differentiate(graph, loss(x), [x])).toThrow(GraphError);
    expect(() => differentiate(graph, loss(x), [x])).toThrow(problem);
  });

  it("refuses to differentiate by a tensor of another graph", () => {
    const { graph, x } = start();
    expect(() => differentiate(graph, scalarOf(x), [start().x])).toThrow("x: it belongs to another graph");
  });
});
