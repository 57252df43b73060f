/** What a graph refuses while it is built: the op, its place and the shapes must be in the error. */
import { describe, expect, it } from "vitest";
import { Graph, GraphError, ops, programOf, RuntimeSession, tensorOf } from "./index.ts";
import { addDims, broadcast, elementCount } from "./shape.ts";

const refused = (build: () => unknown): GraphError => {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(GraphError);
    return error as GraphError;
  }
  throw new Error("nothing was refused");
};

describe("shape rules", () => {
  it("name the op, the place and both shapes", () => {
    const g = new Graph("model");
    const x = g.input("x", "float32", ["batch", 3]);
    const w = g.input("w", "float32", [4, 5]);
    const error = refused(() => g.scope("blocks.2", () => g.scope("mlp", () => ops.matMul(x, w))));
    expect(error).toMatchObject({
      op: "MatMul",
      place: "blocks.2.mlp/MatMul",
      shapes: [
        ["batch", 3],
        [4, 5],
      ],
    });
    expect(error.message).toBe(
      "MatMul at blocks.2.mlp/MatMul: the last axis of the first must match the last but one of the second (got [batch, 3] and [4, 5])",
    );
  });

  it("never match two names, nor a name and a number", () => {
    const g = new Graph("g");
    const a = g.input("a", "float32", ["batch", 4]);
    const b = g.input("b", "float32", ["token", 4]);
    const c = g.input("c", "float32", [7, 4]);
    expect(refused(() => ops.add(a, b)).shapes).toEqual([
      ["batch", 4],
      ["token", 4],
    ]);
    expect(refused(() => ops.add(a, c)).problem).toBe("shapes do not broadcast");
    expect(ops.add(a, g.constant("float32", [1, 2, 3, 4])).shape).toEqual(["batch", 4]);
    expect(broadcast(["batch", 1], [1, "token"])).toEqual(["batch", "token"]);
  });

  it("do not mix element types", () => {
    const g = new Graph("g");
    const error = refused(() => ops.mul(g.input("a", "float32", [2]), g.input("b", "float64", [2])));
    expect(error.problem).toBe("element types differ: float32 and float64");
  });

  const g = new Graph("g");
  const x = g.input("x", "float32", ["n", 6]);
  const bool = g.input("flag", "bool", ["n"]);
  const index = g.input("index", "int64", ["n", 2]);
  it.each<[op: string, build: () => unknown]>([
    ["Transpose", () => ops.transpose(x, [0, 2])],
    ["Transpose", () => ops.transpose(x, [1, 1])],
    ["Expand", () => ops.expand(x, ["n", 7])],
    ["Expand", () => ops.expand(x, [6])],
    ["Concat", () => ops.concat([x, x], 2)],
    ["Concat", () => ops.concat([x, g.constant("float32", [1, 2])], 0)],
    ["Split", () => ops.split(x, [2, 3], 1)],
    ["Slice", () => ops.slice(x, 0, 0, 1)],
    ["Slice", () => ops.slice(x, 1, 4, 7)],
    ["Unsqueeze", () => ops.unsqueeze(x, 3)],
    ["Gather", () => ops.gather(x, x)],
    ["Gather", () => ops.gather(x, index, 2)],
    ["GatherElements", () => ops.gatherElements(x, index, 0)],
    ["GatherElements", () => ops.gatherElements(x, bool, 1)],
    ["ScatterElements", () => ops.scatterAdd(x, index, x, 1)],
    ["Gemm", () => ops.gemm(x, x)],
    ["Gemm", () => ops.gemm(x, x, { transB: true, bias: g.constant("float32", [1, 2]) })],
    ["MatMul", () => ops.matMul(x, bool)],
    ["FusedMatMul", () => ops.matMulT(x, index)],
    ["ReduceSum", () => ops.reduceSum(x, [2], false)],
    ["Softmax", () => ops.softmax(x, 2)],
    ["Not", () => ops.not(x)],
    ["Where", () => ops.where(x, x, x)],
    ["Less", () => ops.less(x, bool)],
    ["RMSNormalization", () => ops.rmsNorm(x, g.constant("float32", [1, 2]), 1e-5)],
    ["RotaryEmbedding", () => ops.rotary(x, x, x, undefined, { heads: 1 })],
    ["Nonsense", () => g.node("Nonsense", [x])],
    ["Add", () => g.node("Add", [x])],
  ])("%s refuses what does not fit (#%#)", (op, build) => {
    expect(refused(build).op).toBe(op);
  });
});

describe("reshape", () => {
  it("counts elements through named dimensions", () => {
    const g = new Graph("g");
    const x = g.input("x", "float32", ["batch", "token", 8]);
    expect(ops.reshape(x, ["batch*token", 2, 4]).shape).toEqual(["batch*token", 2, 4]);
    expect(ops.reshape(x, ["token", "8*batch"]).shape).toEqual(["token", "8*batch"]);
    const error = refused(() => ops.reshape(x, ["batch", 8]));
    expect(error).toMatchObject({
      op: "Reshape",
      problem: "cannot reshape to [batch, 8]",
      shapes: [["batch", "token", 8]],
    });
    expect(refused(() => ops.reshape(x, ["batch", "tokens", 8])).op).toBe("Reshape");
  });

  it("tells a product of a sum from a sum with a product", () => {
    expect(addDims(addDims("past", 1), "new")).toBe("past+1+new");
    expect(addDims("8*past", 1)).toBe("(8*past)+1");
    expect(elementCount(["8*past+1"])).toBe(elementCount([8, "past+1"]));
    expect(elementCount(["(8*past)+1"])).not.toBe(elementCount([8, "past+1"]));
  });

  it("gives the promised shape when it runs, several inferred names included", async () => {
    const g = new Graph("g");
    const x = g.input("x", "float32", ["batch", "token", 4]);
    g.output("flat", ops.reshape(x, ["batch*token", 4]));
    g.output("moved", ops.reshape(ops.transpose(x, [2, 0, 1]), ["batch", "token", 4]));
    g.output("back", ops.reshape(ops.reshape(x, ["4*batch*token"]), [2, "batch", 2, "token"]));
    g.output("wide", ops.expand(ops.unsqueeze(ops.arange(x, "token"), 0), ["batch", "token"]));
    const session = await RuntimeSession.open(programOf(g));
    const out = await session.runHost({
      x: tensorOf(
        "float32",
        [3, 5, 4],
        Array.from({ length: 60 }, (_, i) => i),
      ),
    });
    await session.close();
    expect(Object.fromEntries(Object.entries(out).map(([name, t]) => [name, t.dims]))).toEqual({
      flat: [15, 4],
      moved: [3, 5, 4],
      back: [2, 3, 2, 5],
      wide: [3, 5],
    });
    expect(out["wide"]?.data.slice(5, 10)).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n, 4n));
  });

  it("needs a tensor that has the dimension", () => {
    const g = new Graph("g");
    const error = refused(() => ops.expand(g.constant("float32", 0), ["batch"]));
    expect(error).toMatchObject({ op: "Shape", problem: 'no tensor of the graph has the dimension "batch"' });
  });
});

describe("names and owners", () => {
  it("refuses two tensors, two outputs, and an output under another tensor's name", () => {
    const g = new Graph("g");
    const x = g.input("x", "float32", [2]);
    const y = ops.neg(x);
    expect(refused(() => g.input("x", "float32", [2]))).toMatchObject({
      place: "x",
      problem: "two tensors have this name",
    });
    g.output("y", y);
    expect(refused(() => g.output("y", x)).problem).toBe("two outputs have this name");
    expect(refused(() => g.output("x", y)).problem).toBe("another tensor has this name");
    expect(refused(() => g.input("y", "float32", [2])).problem).toBe("two tensors have this name");
    g.output("x", x);
  });

  it("keeps out of the way of names given by hand", () => {
    const g = new Graph("g");
    const x = g.input("const", "float32", [2]);
    const y = g.input("g/Add", "float32", [2]);
    expect(ops.add(ops.add(x, 1), y).name).toBe("g/Add_2");
  });

  it("refuses tensors of another graph, as inputs and as outputs", () => {
    const [a, b] = [new Graph("a"), new Graph("b")];
    const x = a.input("x", "float32", [2]);
    const y = b.input("y", "float32", [2]);
    expect(refused(() => ops.add(x, y)).message).toBe("Add at a: y belongs to another graph, b");
    expect(refused(() => a.output("y", y)).message).toContain("belongs to another graph, b");
  });

  it("refuses initializer data of another size or type", () => {
    const g = new Graph("g");
    expect(refused(() => g.initializer("w", "float32", [2, 2], new Float32Array(3))).message).toContain(
      "needs 16 bytes, the data has 12",
    );
    expect(refused(() => g.initializer("w", "float32", [2], new Int32Array(2))).message).toContain(
      "lies in a Float32Array, not in a Int32Array",
    );
    expect(
      refused(() => g.initializer("w", "bfloat16", [3], { location: "f", offset: 0, length: 4 })).message,
    ).toContain("bfloat16[3] needs 6 bytes");
  });

  it("makes equal constants once", () => {
    const g = new Graph("g");
    expect(g.constant("float32", [1, 2])).toBe(g.constant("float32", [1, 2]));
    expect(g.constant("float32", [1, 2])).not.toBe(g.constant("int64", [1, 2]));
    expect(g.constant("float32", 1)).not.toBe(g.constant("float32", [1]));
  });

  it("leaves its scopes when building fails", () => {
    const g = new Graph("g");
    expect(() =>
      g.scope("blocks.0", () => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(g.place).toBe("g");
  });
});
