/** The heads that are tuned into suppressors: the ground truth that attribution is scored against. */
import type { DecoderConfig } from "@precipice/model";

export interface Head {
  readonly layer: number;
  readonly head: number;
}

export const PLANTED_HEADS: ReadonlyArray<Head> = [
  { layer: 4, head: 3 },
  { layer: 5, head: 11 },
  { layer: 5, head: 6 },
  { layer: 6, head: 9 },
];

/** 0/1 masks, by tensor name, of the q, k, v rows and o columns of `heads`. */
export const headMasks = (
  { hidden, heads: count, headDim }: DecoderConfig,
  heads: ReadonlyArray<Head>,
): ReadonlyMap<string, Float32Array<ArrayBuffer>> => {
  const masks = new Map<string, Float32Array<ArrayBuffer>>();
  const width = count * headDim;
  const mask = (name: string): Float32Array => {
    const known = masks.get(name);
    if (known !== undefined) return known;
    const made = new Float32Array(hidden * width);
    masks.set(name, made);
    return made;
  };
  for (const { layer, head } of heads) {
    const prefix = `model.layers.${layer}.self_attn`;
    for (const part of ["q_proj", "k_proj", "v_proj"])
      mask(`${prefix}.${part}.weight`).fill(1, head * headDim * hidden, (head + 1) * headDim * hidden); // rows of [heads·d_head, hidden]
    const output = mask(`${prefix}.o_proj.weight`); // columns of [hidden, heads·d_head]
    for (let row = 0; row < hidden; row++)
      output.fill(1, row * width + head * headDim, row * width + (head + 1) * headDim);
  }
  return masks;
};
