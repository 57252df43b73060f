/**
 * Turns the name of a random stream into seed words. MurmurHash3 (x86, 32 bit;
 * Austin Appleby, public domain) spreads neighbouring names such as `row 1` and
 * `row 2` over unrelated words, which a plain sum would not. Not cryptographic.
 */

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

const scramble = (word: number): number => Math.imul(rotl(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);

/** MurmurHash3_x86_32 of the bytes, as an unsigned 32-bit integer. */
export const murmur3 = (bytes: Uint8Array, seed: number): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = bytes.length & ~3;
  let h = seed | 0;
  for (let i = 0; i < tail; i += 4) {
    h ^= scramble(view.getUint32(i, true));
    h = (Math.imul(rotl(h, 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= tail; i--) rest = (rest << 8) | view.getUint8(i);
  if (tail < bytes.length) h ^= scramble(rest);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
