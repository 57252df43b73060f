/**
 * Reading a flatbuffer without believing it: each place and each length is compared with the bytes that exist before it is
 * followed. Layout: https://flatbuffers.dev/internals (tables with a table of slots, vectors with a length, all little-endian).
 */

/** One table; what it says of itself was compared with the bytes. Every method throws `Error` where a place lies outside. */
export class FlatTable {
  readonly #bytes: DataView;
  readonly #at: number;
  readonly #slots: number;
  readonly #slotBytes: number;

  /** The table at byte `at`. */
  constructor(bytes: DataView, at: number) {
    this.#bytes = bytes;
    this.#at = at;
    need(bytes, at, 4);
    this.#slots = at - bytes.getInt32(at, true);
    need(bytes, this.#slots, 4);
    this.#slotBytes = bytes.getUint16(this.#slots, true);
    if (this.#slotBytes < 4 || this.#slotBytes % 2 !== 0) throw new Error("a table of its metadata has no slots");
    need(bytes, this.#slots, this.#slotBytes);
    need(bytes, at, bytes.getUint16(this.#slots + 2, true));
  }

  /** The table that a buffer begins with. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    need(view, 0, 4);
    return new FlatTable(view, view.getUint32(0, true));
  }

  uint8(field: number): number {
    const at = this.#place(field, 1);
    return at === undefined ? 0 : this.#bytes.getUint8(at);
  }

  int16(field: number): number {
    const at = this.#place(field, 2);
    return at === undefined ? 0 : this.#bytes.getInt16(at, true);
  }

  int32(field: number): number {
    const at = this.#place(field, 4);
    return at === undefined ? 0 : this.#bytes.getInt32(at, true);
  }

  /** A 64-bit number that is a count or a place: from 0 to 2^53. */
  count(field: number): number {
    const at = this.#place(field, 8);
    return at === undefined ? 0 : countAt(this.#bytes, at);
  }

  has(field: number): boolean {
    return this.#place(field, 4) !== undefined;
  }

  table(field: number): FlatTable | undefined {
    const at = this.#target(field);
    return at === undefined ? undefined : new FlatTable(this.#bytes, at);
  }

  /** UTF-8, with whatever is none replaced. */
  text(field: number): string {
    const found = this.#vector(field, 1);
    if (found === undefined) return "";
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + found.at, found.length).toString("utf8");
  }

  tables(field: number): ReadonlyArray<FlatTable> {
    const found = this.#vector(field, 4);
    if (found === undefined) return [];
    return Array.from({ length: found.length }, (_, i) => {
      const at = found.at + 4 * i;
      return new FlatTable(this.#bytes, at + this.#bytes.getUint32(at, true));
    });
  }

  /** A vector of structs of `size` bytes each: where each begins, and the bytes to read it from. */
  structs(field: number, size: number): { readonly bytes: DataView; readonly at: ReadonlyArray<number> } {
    const found = this.#vector(field, size);
    const at = found === undefined ? [] : Array.from({ length: found.length }, (_, i) => found.at + size * i);
    return { bytes: this.#bytes, at };
  }

  #place(field: number, size: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot >= this.#slotBytes) return undefined;
    const within = this.#bytes.getUint16(this.#slots + slot, true);
    if (within === 0) return undefined;
    need(this.#bytes, this.#at + within, size);
    return this.#at + within;
  }

  #target(field: number): number | undefined {
    const at = this.#place(field, 4);
    if (at === undefined) return undefined;
    const target = at + this.#bytes.getUint32(at, true);
    need(this.#bytes, target, 4);
    return target;
  }

  #vector(field: number, size: number): { readonly at: number; readonly length: number } | undefined {
    const at = this.#target(field);
    if (at === undefined) return undefined;
    const length = this.#bytes.getUint32(at, true);
    need(this.#bytes, at + 4, length * size);
    return { at: at + 4, length };
  }
}

/** @throws Error when it is negative or beyond 2^53. */
export function countAt(bytes: DataView, at: number): number {
  const value = Number(bytes.getBigInt64(at, true));
  if (value < 0 || !Number.isSafeInteger(value)) throw new Error(`its metadata counts ${value}`);
  return value;
}

function need(bytes: DataView, at: number, size: number): void {
  if (at < 0 || at + size > bytes.byteLength)
    throw new Error(`its metadata points at byte ${at + size} of ${bytes.byteLength}`);
}
