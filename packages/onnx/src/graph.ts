/**
 * A graph of ONNX operations under construction. Every tensor carries its element type and its shape with named
 * dimensions; an op that does not fit is refused here, with the op's name and place, instead of at run time.
 * Nodes are kept in the order they were made, which is a topological order.
 */
import { DTYPES, type DType, type TypedArray, typedArray } from "./dtype.ts";
import { GraphError } from "./errors.ts";
import { type OpRow, opRow } from "./op-table.ts";
import { type Dim, factorsOf, formatShape, isStatic, product, type Shape } from "./shape.ts";

/** A value of the graph: what it will be when the program runs. `name` is unique in its graph. */
export interface Tensor {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** An attribute: a plain number is an ONNX INT, `{ float }` a FLOAT. */
export type Attribute = number | { readonly float: number } | string | ReadonlyArray<number>;

/** What the builder knows of inputs that ONNX passes as tensors: target shape, axes, sizes of parts, range of a slice. */
export interface StaticInputs {
  readonly shape?: Shape;
  readonly axes?: ReadonlyArray<number>;
  readonly sizes?: ReadonlyArray<Dim>;
  readonly range?: readonly [start: number, end: number];
}

export interface Node {
  readonly op: string;
  /** Unique in its graph: `blocks.3.attn/MatMul_1`. */
  readonly place: string;
  readonly row: OpRow;
  readonly inputs: ReadonlyArray<Tensor | undefined>;
  readonly outputs: ReadonlyArray<Tensor>;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly known: StaticInputs;
}

/** Bytes of a tensor that stay in a file: onnxruntime maps them in place. `location` is relative to the data folder. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Initializer {
  readonly tensor: Tensor;
  readonly data: TypedArray | ExternalData;
}

export const isExternal = (data: Initializer["data"]): data is ExternalData => "location" in data;

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export class Graph {
  readonly name: string;
  readonly inputs: Tensor[] = [];
  readonly outputs: Array<{ readonly name: string; readonly tensor: Tensor }> = [];
  readonly initializers: Initializer[] = [];
  readonly nodes: Node[] = [];
  readonly #names = new Set<string>();
  readonly #counters = new Map<string, number>();
  readonly #dimSources = new Map<string, { readonly tensor: Tensor; readonly axis: number }>();
  readonly #constants = new Map<string, Tensor>();
  #scope: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Where the next node goes, for names and error messages: `blocks.3.attn`. */
  get place(): string {
    return this.#scope.length === 0 ? this.name : this.#scope.join(".");
  }

  /** Run `build` with `name` added to the place of all nodes it makes. */
  scope<A>(name: string, build: () => A): A {
    this.#scope.push(name);
    try {
      return build();
    } finally {
      this.#scope.pop();
    }
  }

  /** A tensor that is given to every run by this name. */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    const tensor = this.#tensor(name, dtype, shape);
    this.inputs.push(tensor);
    return tensor;
  }

  /** A tensor whose value is part of the program. */
  initializer(name: string, dtype: DType, shape: ReadonlyArray<number>, data: TypedArray | ExternalData): Tensor {
    const expected = product(shape);
    if (!isExternal(data) && !(data instanceof DTYPES[dtype].array)) {
      throw new GraphError({
        op: "initializer",
        place: name,
        problem: `${dtype} data lies in a ${DTYPES[dtype].array.name}, not in a ${data.constructor.name}`,
      });
    }
    const bytes = isExternal(data) ? data.length : data.byteLength;
    if (bytes !== expected * DTYPES[dtype].bytes) {
      throw new GraphError({
        op: "initializer",
        place: name,
        problem: `${dtype}${formatShape(shape)} needs ${expected * DTYPES[dtype].bytes} bytes, the data has ${bytes}`,
      });
    }
    const tensor = this.#tensor(name, dtype, shape);
    this.initializers.push({ tensor, data });
    return tensor;
  }

  /** A small constant; equal constants are made once. A plain number gives a scalar. */
  constant(dtype: DType, values: number | ReadonlyArray<number>, shape?: ReadonlyArray<number>): Tensor {
    const list = typeof values === "number" ? [values] : values;
    const dims = shape ?? (typeof values === "number" ? [] : [list.length]);
    const key = `${dtype}:${dims.join(",")}:${list.join(",")}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const tensor = this.initializer(this.#fresh("const"), dtype, dims, typedArray(dtype, list));
    this.#constants.set(key, tensor);
    return tensor;
  }

  /** Make `tensor` a result of the program under this name. */
  output(name: string, tensor: Tensor): void {
    this.#own("output", name, [tensor]);
    if (this.outputs.some((o) => o.name === name)) {
      throw new GraphError({ op: "output", place: name, problem: "two outputs have this name" });
    }
    if (name !== tensor.name) {
      if (this.#names.has(name)) {
        throw new GraphError({ op: "output", place: name, problem: "another tensor has this name" });
      }
      this.#names.add(name);
    }
    this.outputs.push({ name, tensor });
  }

  /** Add a node of the op table. `known` states what the shape rule cannot read off tensor inputs. */
  node(
    op: string,
    inputs: ReadonlyArray<Tensor | undefined>,
    attributes: Readonly<Record<string, Attribute>> = {},
    known: StaticInputs = {},
  ): ReadonlyArray<Tensor> {
    const row = opRow(op);
    this.#own(op, this.place, inputs);
    const place = `${this.place}/${op}`;
    const types = row.shape({ op, place, inputs, attributes, known });
    const base = this.#fresh(`${this.place}/${op}`);
    const outputs = types.map((type, i) => this.#tensor(i === 0 ? base : `${base}:${i}`, type.dtype, type.shape));
    this.nodes.push({ op, place: base, row, inputs, outputs, attributes, known });
    return outputs;
  }

  /** `shape` as a 1-D int64 tensor; named dimensions are read off a tensor that has them when the program runs. */
  shapeTensor(shape: Shape): Tensor {
    if (isStatic(shape)) return this.constant("int64", shape);
    const parts: Tensor[] = [];
    let fixed: number[] = [];
    const flush = () => {
      if (fixed.length > 0) parts.push(this.constant("int64", fixed));
      fixed = [];
    };
    for (const dim of shape) {
      if (typeof dim === "number") fixed.push(dim);
      else {
        flush();
        parts.push(this.#dimTensor(dim));
      }
    }
    flush();
    return parts.length === 1 ? (parts[0] as Tensor) : (this.node("Concat", parts, { axis: 0 })[0] as Tensor);
  }

  #dimTensor(dim: string): Tensor {
    const known = this.#constants.get(`dim:${dim}`);
    if (known !== undefined) return known;
    const source = this.#dimSources.get(dim);
    if (source === undefined && factorsOf(dim).length > 1) {
      const factors = factorsOf(dim).map((f) => this.shapeTensor([/^\d+$/.test(f) ? Number(f) : f]));
      return factors.reduce((a, b) => this.node("Mul", [a, b])[0] as Tensor);
    }
    if (source === undefined) {
      throw new GraphError({
        op: "Shape",
        place: this.place,
        problem: `no tensor of the graph has the dimension "${dim}"`,
      });
    }
    const size = this.node("Shape", [source.tensor], { start: source.axis, end: source.axis + 1 })[0] as Tensor;
    this.#constants.set(`dim:${dim}`, size);
    return size;
  }

  #own(op: string, place: string, tensors: ReadonlyArray<Tensor | undefined>): void {
    const stranger = tensors.find((t) => t !== undefined && t.graph !== this);
    if (stranger === undefined) return;
    throw new GraphError({ op, place, problem: `${stranger.name} belongs to another graph, ${stranger.graph.name}` });
  }

  #tensor(name: string, dtype: DType, shape: Shape): Tensor {
    if (this.#names.has(name))
      throw new GraphError({ op: "tensor", place: name, problem: "two tensors have this name" });
    this.#names.add(name);
    const tensor: Tensor = { graph: this, name, dtype, shape };
    shape.forEach((dim: Dim, axis) => {
      if (typeof dim === "string" && !this.#dimSources.has(dim)) this.#dimSources.set(dim, { tensor, axis });
    });
    return tensor;
  }

  #fresh(base: string): string {
    let n = this.#counters.get(base) ?? 0;
    const name = () => (n === 0 ? base : `${base}_${n}`);
    while (this.#names.has(name())) n++;
    this.#counters.set(base, n + 1);
    return name();
  }
}
