/**
 * Seeded random streams with names. Every consumer asks for its own stream, say
 * `random(seed, "folds", site)`, so that adding a draw in one place never changes
 * what another place draws, and a row's numbers do not depend on its neighbours.
 */
import { murmur3 } from "./murmur.ts";
import { xoshiro128ss } from "./xoshiro.ts";

export interface Random {
  /** Uniform in [0, 1), 53 random bits. */
  next(): number;
  /** Uniform integer in [0, n). Throws a RangeError unless n is a positive integer. */
  int(n: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T>(array: T[]): T[];
  /** k distinct elements in random order; all of them, shuffled, when k exceeds the length. */
  sample<T>(array: readonly T[], k: number): T[];
}

/**
 * The stream of this seed and these names. Equal arguments give equal streams on
 * every platform; `7` and `"7"` are different names, as are `("ab", "c")` and `("a", "bc")`.
 */
export const random = (seed: number | string, ...names: ReadonlyArray<string | number>): Random => {
  const bytes = new TextEncoder().encode(JSON.stringify([seed, ...names]));
  const word = xoshiro128ss([murmur3(bytes, 1), murmur3(bytes, 2), murmur3(bytes, 3), murmur3(bytes, 4) || 1]);
  let spare: number | undefined;

  const next = () => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53;

  const int = (n: number) => {
    if (!Number.isSafeInteger(n) || n <= 0) throw new RangeError(`int(n) needs a positive integer, got ${n}`);
    return Math.floor(next() * n);
  };

  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next())); // 1 - u is never 0
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  const shuffle = <T>(array: T[]): T[] => {
    for (let i = array.length - 1; i > 0; i--) {
      const j = int(i + 1);
      [array[i], array[j]] = [array[j] as T, array[i] as T];
    }
    return array;
  };

  return { next, int, normal, shuffle, sample: (array, k) => shuffle([...array]).slice(0, Math.max(0, k)) };
};
