/**
 * The program the page runs: the cached lowering that generates text here too, with the probe's reading of every token, scalable
 * heads and every head's contribution as further outputs. Weights go inside, so that one file is all a page has to fetch.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkpoint, encodeFloats, FINAL_NORMALIZED, forwardProgram, readBytes, writeTensors } from "@precipice/model";
import { saveOnnx } from "@precipice/onnx";

/**
 * Writes `file`. Inputs `input_ids [batch, token]`, `past_length [batch]`, `key.N`, `value.N` `[batch, kv_heads, past, d_head]`,
 * `capture_index [capture]`, `head_scale [layers, heads]`, `head_gate [batch · token]`, `projection.0 [d_model, 1]` of the final
 * norm, `directions [direction, d_model]`; outputs `logits [capture, vocab]`, `score.0 [batch · token, 1]`, `new_kv`,
 * `head_contribution [layers, capture, direction, heads]`, `final_scale [capture]`.
 */
export const writeProgram = (checkpoint: Checkpoint, file: string): void => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-playground-"));
  try {
    const program = forwardProgram(withWideTable(checkpoint, folder), {
      maxTokens: checkpoint.config.maxPositions,
      past: true,
      logits: true,
      projections: [{ site: FINAL_NORMALIZED, count: 1 }],
      headScale: "token", // as heads.ablate does unless told otherwise
      headContributions: true,
      finalScale: true,
    });
    saveOnnx(program, file, { weights: "inside" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Rows of a 16-bit table are gathered at run time, which on many GPUs WebGPU cannot: the same table in f32. */
const withWideTable = (checkpoint: Checkpoint, folder: string): Checkpoint => {
  const table = "model.embed_tokens.weight";
  copyFileSync(join(checkpoint.folder, "config.json"), join(folder, "config.json"));
  writeTensors(
    join(folder, "model.safetensors"),
    [...checkpoint.weights.values()].map((entry) =>
      entry.name === table
        ? { ...entry, dtype: "float32" as const, bytes: () => encodeFloats(checkpoint.floats(table), "float32") }
        : { ...entry, bytes: () => readBytes(entry) },
    ),
  );
  return Checkpoint.open(folder);
};
