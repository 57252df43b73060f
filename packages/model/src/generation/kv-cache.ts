/**
 * Keys and values of the active rows, one array per layer and kind, laid out `[row, kv_head, slot, d_head]` so that the first
 * n rows are one contiguous view: the decode program reads it in place. Rows leave by swapping with the last one.
 */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxRows: number;
}

const SLOT_STEP = 32;

export class KvCache {
  readonly #shape: CacheShape;
  #arrays: Float32Array<ArrayBuffer>[];
  #slots: number;

  constructor(shape: CacheShape, slots: number) {
    this.#shape = shape;
    this.#slots = Math.ceil(slots / SLOT_STEP) * SLOT_STEP;
    this.#arrays = this.#allocate(this.#slots);
  }

  get slots(): number {
    return this.#slots;
  }

  get bytes(): number {
    return this.#arrays.reduce((sum, a) => sum + a.byteLength, 0);
  }

  /** Array 2·layer holds keys, 2·layer + 1 values. */
  view(array: number, rows: number): Float32Array<ArrayBuffer> {
    return (this.#arrays[array] as Float32Array<ArrayBuffer>).subarray(0, rows * this.#rowSize(this.#slots));
  }

  /** Make room for `slots` tokens per row, keeping the first `rows` rows. */
  grow(slots: number, rows: number): void {
    if (slots <= this.#slots) return;
    const { kvHeads, headDim } = this.#shape;
    const next = Math.ceil((slots + slots / 4) / SLOT_STEP) * SLOT_STEP;
    const arrays = this.#allocate(next);
    arrays.forEach((to, i) => {
      const from = this.#arrays[i] as Float32Array;
      for (let r = 0; r < rows * kvHeads; r++) {
        to.set(from.subarray(r * this.#slots * headDim, (r + 1) * this.#slots * headDim), r * next * headDim);
      }
    });
    this.#arrays = arrays;
    this.#slots = next;
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

  #allocate(slots: number): Float32Array<ArrayBuffer>[] {
    return Array.from(
      { length: 2 * this.#shape.layers },
      () => new Float32Array(this.#shape.maxRows * this.#rowSize(slots)),
    );
  }
}
