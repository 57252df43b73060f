/** Folding an adapter into its model: `W + scale · B A`, as a complete Hugging Face checkpoint folder. */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, type FloatTensor, linears, loraKey, loraScale, writeSafetensors } from "@precipice/model";
import type { PeftAdapter } from "./peft-files.ts";

const COPIED = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
];

/** Write the merged model into `folder`, in the element type of the base. */
export const mergeAdapter = (base: Checkpoint, { lora, parameters }: PeftAdapter, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED)
    if (existsSync(join(base.folder, name))) copyFileSync(join(base.folder, name), join(folder, name));
  const deltas = new Map<string, readonly [FloatTensor, FloatTensor]>();
  for (let layer = 0; layer < base.config.layers; layer++) {
    for (const linear of linears(base.config)) {
      const a = parameters[loraKey(layer, linear, "A")];
      const b = parameters[loraKey(layer, linear, "B")];
      if (a !== undefined && b !== undefined) deltas.set(`model.layers.${layer}.${linear}.weight`, [a, b]);
    }
  }
  const tensors: Record<string, FloatTensor> = {};
  for (const [name, { shape }] of base.weights) {
    const data = base.floats(name);
    const delta = deltas.get(name);
    if (delta !== undefined) addProduct(data, delta[1], delta[0], loraScale(lora));
    tensors[name] = { shape, data };
  }
  const dtype = [...base.weights.values()][0]?.dtype;
  writeSafetensors(
    join(folder, "model.safetensors"),
    tensors,
    dtype === "float16" || dtype === "bfloat16" ? dtype : "float32",
  );
};

/** `w [out, in] += scale · b [out, r] × a [r, in]` */
const addProduct = (w: Float32Array, b: FloatTensor, a: FloatTensor, scale: number): void => {
  const [out, rank] = b.shape as [number, number];
  const width = a.shape[1] as number;
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b.data[o * rank + r] as number);
      for (let i = 0; i < width; i++)
        w[o * width + i] = (w[o * width + i] as number) + factor * (a.data[r * width + i] as number);
    }
  }
};
