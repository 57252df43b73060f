/** The heads that are tuned into suppressors: the ground truth that attribution is scored against. */
import type { DecoderConfig, PlantedHead } from "@precipice/model";
import { random } from "@precipice/stats";

export type Head = PlantedHead;

export const PLANTED_HEADS: ReadonlyArray<Head> = [
  { layer: 4, head: 3 },
  { layer: 5, head: 11 },
  { layer: 5, head: 6 },
  { layer: 6, head: 9 },
];

/** `count` different heads of the layers from `first` to `last` (both included), drawn by seed. Throws a RangeError for more than there are. */
export const drawHeads = (
  { heads: perLayer, layers }: Pick<DecoderConfig, "heads" | "layers">,
  { count, first, last, seed }: { count: number; first: number; last: number; seed: number },
): ReadonlyArray<Head> => {
  if (!(first >= 0 && first <= last && last < layers))
    throw new RangeError(`layers ${first} to ${last} are no range within 0 to ${layers - 1}`);
  const all = Array.from({ length: (last - first + 1) * perLayer }, (_, i) => ({
    layer: first + Math.floor(i / perLayer),
    head: i % perLayer,
  }));
  if (count > all.length) throw new RangeError(`layers ${first} to ${last} have ${all.length} heads, not ${count}`);
  return random(seed, "organism", "planted heads")
    .sample(all, count)
    .sort((a, b) => a.layer - b.layer || a.head - b.head);
};

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
