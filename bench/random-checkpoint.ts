/** A Llama checkpoint of given shape with random weights, for benchmarks: real files, no meaning. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FloatTensor, readConfig, tensorShapes, writeSafetensors } from "@precipice/model";

export interface BenchShape {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly maxPositions: number;
}

/** Write it into `folder`. Weights are small and cheap to draw: speed does not depend on their values. */
export const writeRandomCheckpoint = (
  folder: string,
  shape: BenchShape,
  dtype: "float32" | "bfloat16" = "float32",
): void => {
  mkdirSync(folder, { recursive: true });
  const config = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    intermediate_size: shape.intermediate,
    vocab_size: shape.vocab,
    max_position_embeddings: shape.maxPositions,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: false,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: dtype,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config, null, 2));
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const tensors: Record<string, FloatTensor> = {};
  for (const [name, dims] of tensorShapes(readConfig(folder))) {
    const size = dims.reduce((p, d) => p * d, 1);
    const data =
      dims.length === 1 ? new Float32Array(size).fill(1) : Float32Array.from({ length: size }, () => 0.1 * next());
    tensors[name] = { shape: dims, data };
  }
  writeSafetensors(join(folder, "model.safetensors"), tensors, dtype);
};
