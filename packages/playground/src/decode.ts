/**
 * Greedy generation of one trace by the page's program, with the refusal score of every token. What the model does is in the
 * program; here keys and values are kept and the next token is chosen, as packages/model does for many rows at once.
 */
import { probabilityOf } from "@precipice/probe/reading";
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import type { PageModel, PageProbe } from "./page-data.ts";

/** onnxruntime-web with the program loaded. */
export interface Runtime {
  readonly session: Pick<InferenceSession, "run">;
  readonly Tensor: TensorConstructor;
}

export interface DecodeRequest {
  /** The rendered prompt. */
  readonly ids: ReadonlyArray<number>;
  /** `[layers · heads]`: factor of each head's output at every token, renormalised per token; 0 switches off. */
  readonly headScale: Float32Array;
}

/** Tokens that were read, with the score and, of the last one, what each head wrote. */
export interface ReadTokens {
  readonly ids: ReadonlyArray<number>;
  /** p(refuse) at each of them. */
  readonly scores: ReadonlyArray<number>;
  /** `[layers · heads]`: contribution at the last of them, in the probe's own space. */
  readonly contributions: Float32Array;
  /** Set on the last ones: the model ended, or the limit did. */
  readonly finish?: "stop" | "length";
}

/** Slots of the cache grow by this many, so that shapes do not change at every token. */
const SLOTS = 64;

/** First the prompt's tokens at once, then every new one, the ending one included. Throws a RangeError for a prompt too long. */
export async function* decode(
  { session, Tensor }: Runtime,
  model: PageModel,
  probe: PageProbe,
  { ids: prompt, headScale }: DecodeRequest,
): AsyncGenerator<ReadTokens, void, undefined> {
  const { layers, heads, hidden, vocab } = model;
  const limit = Math.min(model.maxTokens, prompt.length + model.maxNewTokens);
  if (prompt.length >= model.maxTokens)
    throw new RangeError(`the prompt has ${prompt.length} tokens, the model reads ${model.maxTokens}`);
  const probability = probabilityOf(probe);
  const cache = new RowCache(model);
  const float32 = (data: Float32Array, dims: number[]) => new Tensor("float32", data, dims);
  const int64 = (values: ReadonlyArray<number>, dims: number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), dims);
  const constant = {
    head_scale: float32(headScale, [layers, heads]),
    "projection.0": float32(Float32Array.from(probe.weights), [hidden, 1]),
    directions: float32(Float32Array.from(probe.streamDirection), [1, hidden]),
  };

  let ids: ReadonlyArray<number> = prompt;
  let known = 0; // tokens in the cache
  for (;;) {
    const n = ids.length;
    const result = await session.run({
      ...constant,
      ...cache.feeds(float32),
      input_ids: int64(ids, [1, n]),
      past_length: int64([known], [1]),
      capture_index: int64([n - 1], [1]),
      head_gate: float32(new Float32Array(n).fill(1), [n]),
    });
    cache.append(floats(result["new_kv"]), n, known);
    known += n;
    const scale = floats(result["final_scale"])[0] as number;
    const read = {
      ids,
      scores: Array.from(floats(result["score.0"]), (logit) => probability(logit + probe.bias)),
      contributions: floats(result["head_contribution"]).map((c) => c * scale), // [layers, 1, 1, heads]
    };
    const last = ids.at(-1) as number;
    const ended = known > prompt.length && model.stopIds.includes(last);
    if (ended || known >= limit) {
      yield { ...read, finish: ended ? "stop" : "length" };
      return;
    }
    const next = argMax(floats(result["logits"]), vocab);
    yield read;
    ids = [next];
  }
}

const floats = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array;

/** The first of the largest, as greedy sampling has it everywhere. */
const argMax = (logits: Float32Array, vocab: number): number => {
  let best = 0;
  for (let i = 1; i < vocab; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  if (!Number.isFinite(logits[best])) throw new RangeError("the model's logits are not finite");
  return best;
};

/** Keys and values of one row: per layer and kind an array `[kv_heads, slot, d_head]`. */
class RowCache {
  readonly #model: PageModel;
  #slots = 1; // a program without past still takes one masked slot
  #arrays: Float32Array[];

  constructor(model: PageModel) {
    this.#model = model;
    this.#arrays = this.#empty();
  }

  feeds(float32: (data: Float32Array, dims: number[]) => Tensor): Record<string, Tensor> {
    const { kvHeads, headDim } = this.#model;
    const dims = [1, kvHeads, this.#slots, headDim];
    return Object.fromEntries(
      this.#arrays.map((array, i) => [`${i % 2 === 0 ? "key" : "value"}.${i >> 1}`, float32(array, dims)]),
    );
  }

  /** `fresh [2 · layers, 1, kv_heads, count, d_head]` goes behind slot `at`. */
  append(fresh: Float32Array, count: number, at: number): void {
    const { kvHeads, headDim } = this.#model;
    if (at + count > this.#slots) this.#grow(at + count, at);
    this.#arrays.forEach((array, i) => {
      for (let h = 0; h < kvHeads; h++) {
        const from = (i * kvHeads + h) * count * headDim;
        array.set(fresh.subarray(from, from + count * headDim), (h * this.#slots + at) * headDim);
      }
    });
  }

  #grow(needed: number, used: number): void {
    const { kvHeads, headDim } = this.#model;
    const old = { arrays: this.#arrays, slots: this.#slots };
    this.#slots = Math.ceil(needed / SLOTS) * SLOTS;
    this.#arrays = this.#empty();
    this.#arrays.forEach((array, i) => {
      for (let h = 0; h < kvHeads; h++) {
        const from = h * old.slots * headDim;
        array.set((old.arrays[i] as Float32Array).subarray(from, from + used * headDim), h * this.#slots * headDim);
      }
    });
  }

  #empty(): Float32Array[] {
    const { layers, kvHeads, headDim } = this.#model;
    return Array.from({ length: 2 * layers }, () => new Float32Array(kvHeads * this.#slots * headDim));
  }
}
