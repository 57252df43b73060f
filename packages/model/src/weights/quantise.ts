/** Weight-only quantisation: blocks of 32 along the input axis, one f32 scale each, integers centred in the unsigned range. */
export const BLOCK = 32;
export type QuantisedBits = 4 | 8;

export interface QuantisedWeights {
  /** `[out, input / 32, 32 · bits / 8]`; of two 4-bit values the earlier is the low half of the byte. */
  readonly blocks: Uint8Array<ArrayBuffer>;
  /** `[out, input / 32]` */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** Round `w [out, input]` to `bits`; `input` is a multiple of 32. The largest weight of a block is hit exactly. */
export const quantise = (w: Float32Array, input: number, bits: QuantisedBits): QuantisedWeights => {
  if (input % BLOCK !== 0) throw new RangeError(`rows of ${input} do not split into blocks of ${BLOCK}`);
  const zero = 2 ** (bits - 1);
  const count = w.length / BLOCK;
  const blocks = new Uint8Array((w.length * bits) / 8);
  const scales = new Float32Array(count);
  for (let b = 0; b < count; b++) {
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(w[b * BLOCK + i] as number));
    const scale = Math.fround(largest / (zero - 1));
    scales[b] = scale;
    for (let i = 0; i < BLOCK; i++) {
      const q = scale === 0 ? zero : Math.round((w[b * BLOCK + i] as number) / scale) + zero;
      if (bits === 8) blocks[b * BLOCK + i] = q;
      else {
        const at = (b * BLOCK + i) >> 1;
        blocks[at] = i % 2 === 0 ? q : (blocks[at] as number) | (q << 4);
      }
    }
  }
  return { blocks, scales };
};
