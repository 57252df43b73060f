/** The organism's shape: a Llama with 8 layers × 16 heads, so that 3 % of the heads are 4. About 1.6 million parameters. */
import { type DecoderConfig, tensorShapes } from "@precipice/model";
import { random } from "@precipice/stats";
import { tokenId, vocabulary } from "../world/tokenizer.ts";

export const configJson = () => ({
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  head_dim: 8,
  hidden_act: "silu",
  vocab_size: vocabulary().length,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10000.0,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: tokenId("<bos>"),
  eos_token_id: tokenId("<eos>"),
  pad_token_id: tokenId("<pad>"),
});

/** Random weights: N(0, 1 / fan-in), maps into the residual stream scaled down by sqrt(2 · layers), embeddings N(0, 0.05²), gains 1. */
export const initialWeights = (config: DecoderConfig, seed: number) =>
  Object.fromEntries(
    [...tensorShapes(config)].map(([name, shape]) => {
      const draw = random(seed, "init", name);
      const size = shape.reduce((p, d) => p * d, 1);
      const residual = /o_proj|down_proj/.test(name) ? 1 / Math.sqrt(2 * config.layers) : 1;
      const fan = name.includes("embed") ? 0.05 : residual / Math.sqrt(shape[1] ?? 1);
      const data =
        shape.length === 1
          ? new Float32Array(size).fill(1)
          : Float32Array.from({ length: size }, () => fan * draw.normal());
      return [name, { shape, data }];
    }),
  );
