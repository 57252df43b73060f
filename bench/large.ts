/**
 * A Qwen2-1.5B-shaped bf16 checkpoint with random weights: load time, peak memory, prefill and decode speed, f32 and int8.
 *
 *     npx node bench/large.ts [--json] [--folder PATH]     needs 6 GB of disk and 10 GB of memory
 *
 * The file is made once in the folder (default: a temporary one, removed afterwards).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Checkpoint, Generator, readConfig, tensorShapes, writeTensors } from "@precipice/model";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, folder: { type: "string" } } });
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

/** bf16 numbers of about ±0.02, drawn once and repeated: speed does not depend on values. */
const tile = (): Uint16Array => {
  const bits = new Uint16Array(1 << 20);
  let state = 1;
  for (let i = 0; i < bits.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bits[i] = ((state >>> 31) << 15) | 0x3c80 | ((state >>> 8) & 0x1f);
  }
  return bits;
};

const write = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  const noise = tile();
  const parts = [...tensorShapes(readConfig(folder))].map(([name, shape]) => ({
    name,
    dtype: "bfloat16" as const,
    shape,
    bytes: () => {
      const data = new Uint16Array(shape.reduce((p, d) => p * d, 1));
      if (shape.length === 1) data.fill(0x3f80);
      else
        for (let at = 0; at < data.length; at += noise.length)
          data.set(noise.subarray(0, Math.min(noise.length, data.length - at)), at);
      return new Uint8Array(data.buffer);
    },
  }));
  writeTensors(join(folder, "model.safetensors"), parts);
};

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
};

const measure = async (checkpoint: Checkpoint, weights: "float" | "int8") => {
  let generator: Generator | undefined;
  const load = await seconds(async () => {
    generator = await Generator.open(checkpoint, { workers: 1, threads: 2, batch: 1, maxTokens: 512, weights });
  });
  await using open = generator as Generator;
  const prompt = (tokens: number) => [{ ids: Array.from({ length: tokens }, (_, t) => 10 + t), seed: 0 }];
  const generate = (tokens: number, more: number) =>
    seconds(() => open.generate(prompt(tokens), { maxNewTokens: more, stopIds: [] }));
  await generate(16, 2);
  const prefill = await generate(256, 1);
  const decode = (await generate(16, 17)) - (await generate(16, 1));
  return {
    loadSeconds: load,
    prefillTokensPerSecond: 256 / prefill,
    decodeTokensPerSecond: 16 / decode,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
};

const folder = values.folder ?? mkdtempSync(join(tmpdir(), "precipice-large-"));
process.env["PRECIPICE_CACHE"] ??= join(folder, "cache");
try {
  if (!existsSync(join(folder, "model.safetensors"))) write(folder);
  const fileBytes = statSync(join(folder, "model.safetensors")).size;
  const checkpoint = Checkpoint.open(folder);
  await measure(checkpoint, "float"); // warm the page cache
  const float = await measure(checkpoint, "float");
  const making = await seconds(async () =>
    (await Generator.open(checkpoint, { workers: 1, maxTokens: 64, weights: "int8" })).close(),
  );
  const int8 = await measure(checkpoint, "int8");
  const result = {
    fileBytes,
    float,
    peakOverFile: float.peakBytes / fileBytes,
    int8,
    int8CopySeconds: making,
    int8OverFloatDecode: int8.decodeTokensPerSecond / float.decodeTokensPerSecond,
  };
  console.log(values.json ? JSON.stringify(result) : result);
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
