/**
 * Shapes with named dimensions. A dimension is a number or a name such as "batch"; a name stands for one unknown size
 * throughout a graph, so two different names never match. Products and sums of names ("batch*sequence", "past+new")
 * are names too, which is enough to check reshapes and concatenations while the graph is built. In such a name "+" binds
 * tighter than "*": "8*past+1" is eight times (past + 1), and a sum with a product in it is written "(8*past)+1".
 */
export type Dim = number | string;
export type Shape = ReadonlyArray<Dim>;

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** NumPy broadcasting; undefined when the shapes do not broadcast. */
export const broadcast = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
};

/** `axis` counted from the front; negative or beyond the rank when there is no such axis. */
export const normalizeAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export const isStatic = (shape: Shape): shape is ReadonlyArray<number> => shape.every((d) => typeof d === "number");

export const product = (shape: ReadonlyArray<number>): number => shape.reduce((p, d) => p * d, 1);

/** The factors of a dimension's name: "8*past+1" is 8 and past+1. A product inside parentheses stays whole. */
export const factorsOf = (dim: string): ReadonlyArray<string> => dim.split(/\*(?![^(]*\))/);

/** The static factor of a shape and its named factors, sorted: equal for two shapes iff they surely hold equally many elements. */
export const elementCount = (shape: Shape): string => {
  let fixed = 1;
  const names: string[] = [];
  for (const dim of shape) {
    if (typeof dim === "number") fixed *= dim;
    else {
      for (const factor of factorsOf(dim)) {
        if (/^\d+$/.test(factor)) fixed *= Number(factor);
        else names.push(factor);
      }
    }
  }
  return [fixed, ...names.sort()].join("*");
};

/** The size of two parts side by side. */
export const addDims = (a: Dim, b: Dim): Dim => {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  const term = (dim: Dim) => (typeof dim === "string" && factorsOf(dim).length > 1 ? `(${dim})` : dim);
  return `${term(a)}+${term(b)}`;
};

export const equalShapes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);
