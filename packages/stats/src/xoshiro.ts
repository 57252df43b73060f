/**
 * xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it, public domain):
 * 32-bit arithmetic only, so that JavaScript computes it exactly and fast, with a
 * period of 2^128 − 1.
 */

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** A function that gives the next unsigned 32-bit word. The state must not be all zero. */
export const xoshiro128ss = (state: readonly [number, number, number, number]): (() => number) => {
  let [a, b, c, d] = state;
  if ((a | b | c | d) === 0) throw new RangeError("xoshiro128** needs a state that is not all zero");
  return () => {
    const word = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11);
    return word;
  };
};
