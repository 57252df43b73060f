/** A Qwen2-1.5B-shaped bf16 checkpoint with random weights (3 GB), for benchmarks: real files, no meaning. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig, tensorShapes, writeTensors } from "@precipice/model";

const CONFIG = {
  model_type: "qwen2",
  hidden_size: 1536,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  intermediate_size: 8960,
  vocab_size: 151_936,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  hidden_act: "silu",
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
};

/** bf16 numbers of about ±0.02, drawn once and repeated: speed does not depend on values. Each tensor begins elsewhere in them, as
 * onnxruntime keeps equal weights once. */
const tile = (): Uint16Array => {
  const bits = new Uint16Array(1 << 20);
  let state = 1;
  for (let i = 0; i < bits.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bits[i] = ((state >>> 31) << 15) | 0x3c80 | ((state >>> 8) & 0x1f);
  }
  return bits;
};

/** Write it into `folder` unless it is there. */
export const writeLargeCheckpoint = (folder: string): void => {
  if (existsSync(join(folder, "model.safetensors"))) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  const noise = tile();
  const parts = [...tensorShapes(readConfig(folder))].map(([name, shape], index) => ({
    name,
    dtype: "bfloat16" as const,
    shape,
    bytes: () => {
      const data = new Uint16Array(shape.reduce((p, d) => p * d, 1));
      if (shape.length === 1) data.fill(0x3f80);
      else
        for (let at = -3 * index; at < data.length; at += noise.length)
          data.set(noise.subarray(Math.max(0, -at), Math.min(noise.length, data.length - at)), Math.max(0, at));
      return new Uint8Array(data.buffer);
    },
  }));
  writeTensors(join(folder, "model.safetensors"), parts);
};
