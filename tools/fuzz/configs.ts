import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "@precipice/model";
import type { Family } from "./family.ts";
import { madeOfJson } from "./json-family.ts";

const common = {
  vocab_size: 64,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  rope_theta: 10000,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: [2, 3],
};
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 };

export const configs: Family = {
  name: "configs",
  make: madeOfJson([
    { ...common, model_type: "llama", architectures: ["LlamaForCausalLM"], rope_scaling: yarn },
    {
      ...common,
      model_type: "qwen2",
      architectures: ["Qwen2ForCausalLM"],
      use_sliding_window: false,
      sliding_window: 8,
    },
    { ...common, model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], head_dim: 4 },
    { ...common, model_type: "mistral", architectures: ["MistralForCausalLM"], sliding_window: null },
  ]),
  run: async (input, folder) => {
    writeFileSync(join(folder, "config.json"), input);
    readConfig(folder);
  },
};
