/** Where a decoder's weights come from when its graph is built: the checkpoint in place, or graph inputs to be trained. */
import { relative } from "node:path";
import { type Graph, ops, type Tensor } from "@precipice/onnx";
import type { TensorEntry } from "../weights/safetensors.ts";

export type WeightSource = (name: string) => Tensor;

export interface WeightOptions {
  /** Folder the program's external data is relative to. */
  readonly folder: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Tensors that become f32 graph inputs instead of initializers. */
  readonly trained?: ReadonlySet<string>;
}

/** Weights by name, each made once. Without a copy: initializers point into the safetensors files. */
export const weightSource = (graph: Graph, { folder, entries, trained = new Set() }: WeightOptions): WeightSource => {
  const made = new Map<string, Tensor>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const entry = entries.get(name) as TensorEntry;
    const tensor = trained.has(name)
      ? graph.input(name, "float32", entry.shape)
      : graph.initializer(name, entry.dtype, entry.shape, {
          location: relative(folder, entry.file),
          offset: entry.offset,
          length: entry.length,
        });
    made.set(name, tensor);
    return tensor;
  };
};

/** A weight as f32; a 16-bit initializer is widened when the session loads. */
export const asFloat32 = (tensor: Tensor): Tensor => ops.cast(tensor, "float32");
