/**
 * Keys and values of the active rows, one array per layer and kind, laid out `[row, kv_head, slot, d_head]` so that the first
 * n rows are one contiguous view: the decode program reads it in place. Rows leave by swapping with the last one.
 */
import { type CacheShape, kvCacheBytes, wholeSlots } from "./kv-budget.ts";

export class KvCache {
  readonly #shape: CacheShape;
  readonly #budget: () => number;
  #arrays: Float32Array<ArrayBuffer>[];
  #rows = 0;
  #slots = 0;

  /** Never holds more than `budget` bytes, which may change, as long as what is asked for fits. */
  constructor(shape: CacheShape, budget: number | (() => number) = Number.POSITIVE_INFINITY) {
    this.#shape = shape;
    this.#budget = typeof budget === "number" ? () => budget : budget;
    this.#arrays = Array.from({ length: 2 * shape.layers }, () => new Float32Array(0));
  }

  /** Tokens each row has room for. */
  get slots(): number {
    return this.#slots;
  }

  get bytes(): number {
    return this.#arrays.reduce((sum, a) => sum + a.byteLength, 0);
  }

  /** `count` rows from row `from` on. Array 2·layer holds keys, 2·layer + 1 values. */
  view(array: number, count: number, from = 0): Float32Array<ArrayBuffer> {
    const size = this.#rowSize(this.#slots);
    return (this.#arrays[array] as Float32Array<ArrayBuffer>).subarray(from * size, (from + count) * size);
  }

  /**
   * Make room for `rows` rows of `slots` tokens, keeping the first `used` rows. Some slots more, where the budget allows, so that
   * rows do not move at every token.
   */
  fit(rows: number, slots: number, used: number): void {
    // far more slots than needed (a long row has left) would make every step slower
    const roomy = this.#slots > Math.max(256, 4 * slots);
    if (rows <= this.#rows && slots <= this.#slots && !roomy) return;
    const budget = this.#budget();
    const fits = ([r, s]: readonly [number, number]) => kvCacheBytes(this.#shape, r, s) <= budget;
    const most = Math.max(rows, this.#rows);
    const ample = slots <= this.#slots && !roomy ? this.#slots : slots + Math.floor(slots / 4);
    const wishes = [
      [most, ample],
      [rows, ample],
      [rows, slots],
    ] as const;
    const [newRows, newSlots] = wishes.find(fits) ?? wishes[2];
    this.#lay(newRows, wholeSlots(newSlots), used);
  }

  /** Give all memory back; no row may be in use. */
  clear(): void {
    this.#arrays = this.#arrays.map(() => new Float32Array(0));
    this.#rows = 0;
    this.#slots = 0;
  }

  #lay(rows: number, slots: number, used: number): void {
    const { kvHeads, headDim } = this.#shape;
    const kept = Math.min(slots, this.#slots) * headDim;
    // one array after the other, so that only one is held twice
    this.#arrays.forEach((from, i) => {
      const to = new Float32Array(rows * this.#rowSize(slots));
      for (let r = 0; r < used * kvHeads; r++) {
        const start = r * this.#slots * headDim;
        to.set(from.subarray(start, start + kept), r * slots * headDim);
      }
      this.#arrays[i] = to;
    });
    this.#rows = rows;
    this.#slots = slots;
  }

  /**
   * Write new keys and values `data [2 · layers, rows, kv_heads, tokens, d_head]`: of each of its rows, the first `count(row)`
   * tokens go behind slot `at(row)` of cache row `to(row)`.
   */
  write(
    data: Float32Array,
    rows: number,
    tokens: number,
    place: (row: number) => { readonly to: number; readonly at: number; readonly count: number } | undefined,
  ): void {
    const { kvHeads, headDim } = this.#shape;
    for (let row = 0; row < rows; row++) {
      const target = place(row);
      if (target === undefined) continue;
      this.#arrays.forEach((array, i) => {
        for (let h = 0; h < kvHeads; h++) {
          const from = ((i * rows + row) * kvHeads + h) * tokens * headDim;
          const at = ((target.to * kvHeads + h) * this.#slots + target.at) * headDim;
          // a loop: a call per head would cost more than the few numbers of a decoding step
          for (let k = 0; k < target.count * headDim; k++) array[at + k] = data[from + k] as number;
        }
      });
    }
  }

  /** Put row `from` in the place of row `to`. */
  moveRow(from: number, to: number): void {
    const size = this.#rowSize(this.#slots);
    for (const array of this.#arrays) array.copyWithin(to * size, from * size, (from + 1) * size);
  }

  #rowSize(slots: number): number {
    return this.#shape.kvHeads * slots * this.#shape.headDim;
  }
}
