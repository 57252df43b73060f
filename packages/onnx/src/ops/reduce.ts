/** Reductions along axes, and the softmax family. */
import type { Tensor } from "../graph.ts";
import { defineOp, knownShape, misfit, need, type ShapeContext } from "../op-table.ts";
import { type Dim, normalizeAxis } from "../shape.ts";
import { div, exp, mul, sub } from "./elementwise.ts";
import { cast } from "./logic.ts";
import { expandLike, reshape } from "./layout.ts";

// The axes are an input of the op since opset 18; the attribute-like copies here are for the shape rule only.
const reducedShape = (context: ShapeContext, axes: ReadonlyArray<number>, keep: boolean): Dim[] => {
  const x = need(context, 0);
  const drop = new Set(axes.map((a) => normalizeAxis(a, x.shape.length)));
  for (const axis of drop) if (axis < 0 || axis >= x.shape.length) throw misfit(context, `no axis ${axis}`);
  return x.shape.flatMap((dim, i) => (drop.has(i) ? (keep ? [1] : []) : [dim]));
};

const reduction = (op: string, gradient: ((x: Tensor, y: Tensor, g: Tensor) => Tensor) | undefined) => {
  defineOp(op, {
    shape: knownShape,
    ...(gradient === undefined
      ? {}
      : {
          gradient: ({ node, inputs, outputs, grad }) => {
            const x = inputs[0] as Tensor;
            const axes = node.known.axes ?? [];
            const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
            const y = outputs[0] as Tensor;
            return [gradient(x, reshape(y, kept), reshape(grad, kept)), undefined];
          },
        }),
  });
  return (x: Tensor, axes: ReadonlyArray<number>, keepDims: boolean): Tensor => {
    const context = { op, place: x.graph.place, inputs: [x], attributes: {}, known: {} };
    const shape = reducedShape(context, axes, keepDims);
    const input = x.graph.constant("int64", axes);
    const known = { shape, axes: axes.map((a) => normalizeAxis(a, x.shape.length)) };
    return x.graph.node(op, [x, input], { keepdims: keepDims ? 1 : 0 }, known)[0] as Tensor;
  };
};

/** Number of elements each result of a reduction from `x` to `y` sums over, as a scalar tensor. */
const reducedCount = (x: Tensor, y: Tensor): Tensor => {
  const dims = x.shape.filter((dim, i) => dim !== 1 && y.shape[i] === 1);
  const sizes = x.graph.shapeTensor(dims); // [reduced axes]
  const count = x.graph.node("ReduceProd", [sizes], { keepdims: 0 }, { shape: [] })[0] as Tensor;
  return cast(count, x.dtype);
};

export const reduceSum = reduction("ReduceSum", (x, _y, g) => expandLike(g, x));
export const reduceMean = reduction("ReduceMean", (x, y, g) => expandLike(div(g, reducedCount(x, y)), x));
// The maximum's gradient goes to every element that attains it, in equal shares.
export const reduceMax = reduction("ReduceMax", (x, y, g) => {
  const hit = cast(x.graph.node("Equal", [x, y])[0] as Tensor, x.dtype);
  const axes = x.shape.flatMap((dim, i) => (y.shape[i] === 1 && dim !== 1 ? [i] : []));
  return mul(hit, div(g, reduceSum(hit, axes, true)));
});
defineOp("ReduceProd", { shape: knownShape });

const alongAxis = (op: string, gradient: (y: Tensor, g: Tensor, axis: number) => Tensor) => {
  defineOp(op, {
    shape: (context) => [{ dtype: need(context, 0).dtype, shape: need(context, 0).shape }],
    gradient: ({ node, outputs, grad }) => {
      const y = outputs[0] as Tensor;
      return [gradient(y, grad, normalizeAxis(node.attributes["axis"] as number, y.shape.length))];
    },
  });
  return (x: Tensor, axis = -1): Tensor => x.graph.node(op, [x], { axis })[0] as Tensor;
};

export const softmax = alongAxis("Softmax", (y, g, axis) => mul(y, sub(g, reduceSum(mul(g, y), [axis], true))));
export const logSoftmax = alongAxis("LogSoftmax", (y, g, axis) => sub(g, mul(exp(y), reduceSum(g, [axis], true))));
