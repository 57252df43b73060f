/**
 * The program the page runs: the cached lowering that generates text here too, with the probe's reading of every token, scalable
 * heads and every head's contribution as further outputs. Weights go inside, so that one file is all a page has to fetch.
 */
import { type Checkpoint, FINAL_NORMALIZED, forwardProgram } from "@precipice/model";
import { saveOnnx } from "@precipice/onnx";

/** Where the study's probe reads. */
export const PROBE_SITE = FINAL_NORMALIZED;

/**
 * Writes `file`. Inputs `input_ids [batch, token]`, `past_length [batch]`, `key.N`, `value.N` `[batch, kv_heads, past, d_head]`,
 * `capture_index [capture]`, `head_scale [layers, heads]`, `head_gate [batch · token]`, `projection.0 [d_model, 1]`,
 * `directions [direction, d_model]`; outputs `logits [capture, vocab]`, `score.0 [batch · token, 1]`, `new_kv`,
 * `head_contribution [layers, capture, direction, heads]`, `final_scale [capture]`.
 */
export const writeProgram = (checkpoint: Checkpoint, file: string): void => {
  const program = forwardProgram(checkpoint, {
    maxTokens: checkpoint.config.maxPositions,
    past: true,
    logits: true,
    projections: [{ site: PROBE_SITE, count: 1 }],
    headScale: "token", // as heads.ablate does unless told otherwise
    headContributions: true,
    finalScale: true,
  });
  saveOnnx(program, file, { weights: "inside" });
};
