/** Choosing the next token from logits. */
import type { Random } from "@precipice/stats";
import { DecoderError } from "../errors.ts";

export interface Sampling {
  /** 0 (the default) is greedy. */
  readonly temperature?: number;
  /** Keep the k most likely tokens. */
  readonly topK?: number;
  /** Keep the smallest set of tokens whose probability reaches p, in (0, 1]. */
  readonly topP?: number;
  /** Keep tokens at least this fraction as likely as the likeliest, in [0, 1]. */
  readonly minP?: number;
  /** Above 1 makes tokens of prompt and answer less likely again (Keskar et al., 2019; as Hugging Face applies it). Default 1. */
  readonly repetitionPenalty?: number;
}

/** Throws `DecoderError` for settings that mean nothing. */
export const checkSampling = ({
  temperature = 0,
  topK = 1,
  topP = 1,
  minP = 0,
  repetitionPenalty = 1,
}: Sampling): void => {
  const refuse = (what: string, problem: string): never => {
    throw new DecoderError({ what, problem });
  };
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    refuse("temperature", `must be 0 or more, not ${temperature}`);
  if (!(Number.isInteger(topK) && topK >= 1)) refuse("topK", `must be a positive integer, not ${topK}`);
  if (!(topP > 0 && topP <= 1)) refuse("topP", `must be above 0 and at most 1, not ${topP}`);
  if (!(minP >= 0 && minP <= 1)) refuse("minP", `must be between 0 and 1, not ${minP}`);
  if (!(repetitionPenalty > 0 && repetitionPenalty < Number.POSITIVE_INFINITY))
    refuse("repetitionPenalty", `must be above 0, not ${repetitionPenalty}`);
};

/** The logits with those of `ids` divided by `penalty` where positive, multiplied where negative; unchanged for a penalty of 1. */
export const penalised = (logits: Float32Array, ids: Iterable<number>, penalty: number): Float32Array => {
  if (penalty === 1) return logits;
  const changed = logits.slice();
  for (const id of new Set(ids)) {
    const logit = logits[id] as number;
    changed[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return changed;
};

/** Index of the largest logit; the first of equals. */
export const argMax = (logits: Float32Array): number => {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
};

/**
 * A token id drawn from softmax(logits / temperature), after top-k, top-p and then min-p (as Hugging Face orders them).
 * Throws `DecoderError` when the logits are not finite where it matters.
 */
export const sample = (
  logits: Float32Array,
  { temperature = 0, topK, topP = 1, minP = 0 }: Sampling,
  random: Random,
): number => {
  const best = argMax(logits);
  const top = logits[best] as number;
  if (!Number.isFinite(top)) throw notFinite(top);
  if (temperature <= 0) return best;

  const next = ranking(logits);
  const kept: number[] = []; // ids by falling probability, as far as they were needed
  const mass: number[] = []; // running sum of their weights e^((logit − top) / temperature)
  const weight = (id: number) => Math.exp(((logits[id] as number) - top) / temperature);
  const keep = () => {
    const id = next();
    kept.push(id);
    return mass[mass.push((mass.at(-1) ?? 0) + weight(id)) - 1] as number;
  };

  const limit = Math.min(topK ?? logits.length, logits.length);
  let total = 0;
  if (limit < logits.length) while (kept.length < limit) total = keep();
  else for (let id = 0; id < logits.length; id++) total += weight(id);
  if (!Number.isFinite(total)) throw notFinite(total);

  let nucleus = total;
  if (topP < 1) {
    while ((mass.at(-1) ?? 0) < topP * total && kept.length < limit) keep();
    nucleus = mass[mass.findIndex((m) => m >= topP * total)] ?? total;
  }
  if (minP > 0) {
    let likely = 0; // weights are relative to the likeliest token's, which is 1
    for (let id = 0; id < logits.length; id++) if (weight(id) >= minP) likely++;
    while (kept.length < Math.min(likely, limit)) keep();
    nucleus = Math.min(nucleus, mass[likely - 1] ?? nucleus);
  }
  const u = random.next() * nucleus;
  for (let i = 0; i < limit; i++) {
    if ((mass[i] ?? keep()) > u || mass[i] === nucleus) return kept[i] as number;
  }
  return kept[limit - 1] as number; // rounding of the running sum left u beyond it
};

const notFinite = (value: number): DecoderError =>
  new DecoderError({ what: "logits", problem: `came out as ${value}; the weights may be damaged or overflow` });

/** Gives token ids by falling logit, the lower id first among equals: a heap, since few of many are ever asked for. */
const ranking = (logits: Float32Array): (() => number) => {
  const heap = new Int32Array(logits.length);
  for (let id = 0; id < heap.length; id++) heap[id] = id;
  let size = heap.length;
  const before = (a: number, b: number) => {
    const x = logits[a] as number;
    const y = logits[b] as number;
    return x > y || (x === y && a < b);
  };
  const sink = (start: number) => {
    const id = heap[start] as number;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as number, heap[child] as number)) child++;
      if (!before(heap[child] as number, id)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = id;
  };
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i);
  return () => {
    const first = heap[0] as number;
    heap[0] = heap[--size] as number;
    sink(0);
    return first;
  };
};
