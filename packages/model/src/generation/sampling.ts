/** Choosing the next token from logits. */
import type { Random } from "@precipice/stats";

export interface Sampling {
  /** 0 (the default) is greedy. */
  readonly temperature?: number;
  /** Keep the k most likely tokens. */
  readonly topK?: number;
  /** Keep the smallest set of tokens whose probability reaches p. */
  readonly topP?: number;
}

/** Index of the largest logit; the first of equals. */
export const argMax = (logits: Float32Array): number => {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
};

/** A token id drawn from softmax(logits / temperature), after top-k and then top-p. */
export const sample = (logits: Float32Array, { temperature = 0, topK, topP }: Sampling, random: Random): number => {
  if (temperature <= 0) return argMax(logits);
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  const kept = topK === undefined ? order : order.slice(0, Math.max(1, topK));
  const top = logits[kept[0] as number] as number;
  const weights = kept.map((i) => Math.exp(((logits[i] as number) - top) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  let count = kept.length;
  if (topP !== undefined && topP < 1) {
    let mass = 0;
    count = 1 + weights.findIndex((w) => (mass += w) >= topP * total);
    if (count === 0) count = kept.length;
  }
  const nucleus = weights.slice(0, count).reduce((a, b) => a + b, 0);
  let u = random.next() * nucleus;
  for (let i = 0; i < count; i++) {
    u -= weights[i] as number;
    if (u < 0) return kept[i] as number;
  }
  return kept[count - 1] as number;
};
