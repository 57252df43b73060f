/** Where a decoder's weights come from when its graph is built: the checkpoint in place, or graph inputs to be trained. */
import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { type Graph, ops, type Tensor } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { BLOCK } from "../weights/quantise.ts";
import type { QuantisedCopy } from "../weights/quantised-cache.ts";
import { blocksName, scalesName } from "../weights/quantised-parts.ts";
import type { TensorEntry } from "../weights/safetensors.ts";

export interface WeightSource {
  /** A weight by its name. */
  (name: string): Tensor;
  /** The same in pieces of whole rows, each of at most SLAB_BYTES as f32; one piece when it is small or trained. */
  readonly slabs: (name: string) => ReadonlyArray<Tensor>;
}

/**
 * onnxruntime packs a matrix into a copy and frees the original afterwards. A vocabulary of 152k × 1,536 is 0.9 GB, so that loading
 * it whole would decide how much memory a model needs.
 */
const SLAB_BYTES = 2 ** 26;

/** `x [n, in] × Wᵀ (+ bias)` by the weight's name: `[n, out]`. */
export type Product = (name: string, x: Tensor, bias?: Tensor) => Tensor;

/** Products with weights as they are, widened to f32. */
export const floatProduct =
  (weights: WeightSource): Product =>
  (name, x, bias) => {
    const slabs = weights.slabs(name).map(asFloat32);
    if (slabs.length === 1) return ops.gemm(x, slabs[0] as Tensor, { transB: true, bias });
    const y = ops.concat(
      slabs.map((slab) => ops.gemm(x, slab, { transB: true })),
      1,
    );
    return bias === undefined ? y : ops.add(y, bias);
  };

/** Products with quantised weights where the copy has them, else as they are. */
export const quantisedProduct = (weights: WeightSource, { bits, entries }: QuantisedCopy): Product => {
  const plain = floatProduct(weights);
  return (name, x, bias) => {
    const blocks = entries.get(blocksName(name));
    if (blocks === undefined) return plain(name, x, bias);
    const [out, perRow] = blocks.shape as [number, number];
    const matrix = {
      bits,
      blockSize: BLOCK,
      out,
      input: perRow * BLOCK,
      blocks: weights(blocksName(name)),
      scales: weights(scalesName(name)),
    };
    const y = ops.matMulQuantised(x, matrix);
    return bias === undefined ? y : ops.add(y, bias);
  };
};

export interface WeightOptions {
  /** Folder the program's external data is relative to, links followed. */
  readonly folder: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Tensors that become f32 graph inputs instead of initializers. */
  readonly trained?: ReadonlySet<string>;
}

/** Weights by name, each made once. Without a copy: initializers point into the safetensors files. */
export const weightSource = (graph: Graph, { folder, entries, trained = new Set() }: WeightOptions): WeightSource => {
  const made = new Map<string, Tensor>();
  const real = new Map<string, string>();
  const realFile = (file: string): string => {
    const path = real.get(file) ?? realpathSync(file);
    real.set(file, path);
    return path;
  };
  const once = (key: string, make: () => Tensor): Tensor => {
    const tensor = made.get(key) ?? make();
    made.set(key, tensor);
    return tensor;
  };
  const inPlace = (key: string, { dtype, shape, file, offset, length }: TensorEntry): Tensor =>
    once(key, () =>
      graph.initializer(key, dtype, shape, { location: relative(folder, realFile(file)), offset, length }),
    );
  const whole = (name: string): Tensor => {
    const entry = entries.get(name) as TensorEntry;
    return trained.has(name) ? once(name, () => graph.input(name, "float32", entry.shape)) : inPlace(name, entry);
  };
  const slabs = (name: string): ReadonlyArray<Tensor> => {
    const entry = entries.get(name) as TensorEntry;
    const [rows, columns] = entry.shape as [number, number];
    const perSlab = Math.max(1, Math.floor(SLAB_BYTES / (4 * columns)));
    if (trained.has(name) || rows <= perSlab) return [whole(name)];
    const rowBytes = entry.length / rows;
    return Array.from({ length: Math.ceil(rows / perSlab) }, (_, i) => {
      const from = i * perSlab;
      const count = Math.min(perSlab, rows - from);
      const shape = [count, columns];
      return inPlace(`${name}.rows.${from}`, {
        ...entry,
        shape,
        offset: entry.offset + from * rowBytes,
        length: count * rowBytes,
      });
    });
  };
  return Object.assign(whole, { slabs });
};

/** A weight as f32; a 16-bit initializer is widened when the session loads. */
export const asFloat32 = (tensor: Tensor): Tensor => ops.cast(tensor, "float32");

/** What a lowering multiplies with: the checkpoint's weights, or those of its quantised copy. */
export const decoderWeights = (
  graph: Graph,
  checkpoint: Pick<Checkpoint, "dataFolder" | "weights">,
  {
    quantised,
    trained,
  }: { readonly quantised?: QuantisedCopy | undefined; readonly trained?: ReadonlySet<string> } = {},
): { readonly weights: WeightSource; readonly product: Product } => {
  const entries = quantised?.entries ?? checkpoint.weights;
  const folder = quantised?.folder ?? checkpoint.dataFolder;
  const weights = weightSource(graph, { folder, entries, ...(trained === undefined ? {} : { trained }) });
  return { weights, product: quantised === undefined ? floatProduct(weights) : quantisedProduct(weights, quantised) };
};
