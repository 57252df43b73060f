/** Many short texts in one block of bytes: a million ids as strings would take several times the memory, and a collector's time. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A growing list of texts, addressed by place. */
export class TextColumn {
  #bytes = new Uint8Array(1 << 16);
  #ends = new Uint32Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    const start = this.#length === 0 ? 0 : (this.#ends[this.#length - 1] as number);
    if (start + text.length * 3 > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, start + text.length * 3));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    if (this.#length === this.#ends.length) {
      const larger = new Uint32Array(this.#length * 2);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start));
    this.#ends[this.#length++] = start + written;
  }

  at(place: number): string {
    return decoder.decode(this.#bytes.subarray(this.#start(place), this.#ends[place]));
  }

  /** Order of the texts at two places, by code point. */
  compare(a: number, b: number): number {
    const [from, to] = [this.#start(a), this.#start(b)];
    const [end, other] = [this.#ends[a] as number, this.#ends[b] as number];
    const most = Math.min(end - from, other - to);
    for (let i = 0; i < most; i++) {
      const difference = (this.#bytes[from + i] as number) - (this.#bytes[to + i] as number);
      if (difference !== 0) return difference;
    }
    return end - from - (other - to);
  }

  /** FNV-1a over the text at a place. */
  hash(place: number): number {
    let hash = 0x811c9dc5;
    const end = this.#ends[place] as number;
    for (let i = this.#start(place); i < end; i++) hash = Math.imul(hash ^ (this.#bytes[i] as number), 0x01000193);
    return hash >>> 0;
  }

  /** Forgets the last text. */
  pop(): void {
    this.#length--;
  }

  #start(place: number): number {
    return place === 0 ? 0 : (this.#ends[place - 1] as number);
  }
}

/** Texts as small integers, each text kept once. */
export class TextIndex {
  readonly #texts = new TextColumn();
  /** Places of texts, -1 where free; its size is a power of two, at most half full. */
  #table = new Int32Array(1024).fill(-1);

  /** The number of this text, counted up from 0 as new ones come. */
  of(text: string): number {
    this.#texts.push(text);
    const place = this.#texts.length - 1;
    const slot = this.#find(this.#table, place);
    const known = this.#table[slot] as number;
    if (known >= 0) {
      this.#texts.pop();
      return known;
    }
    this.#table[slot] = place;
    if (2 * (place + 1) > this.#table.length) this.#grow();
    return place;
  }

  /** The slot of the text at `place`, or the free one it belongs in. */
  #find(table: Int32Array, place: number): number {
    let slot = this.#texts.hash(place) & (table.length - 1);
    for (;;) {
      const other = table[slot] as number;
      if (other < 0 || this.#texts.compare(other, place) === 0) return slot;
      slot = (slot + 1) & (table.length - 1);
    }
  }

  #grow(): void {
    const larger = new Int32Array(this.#table.length * 2).fill(-1);
    for (let place = 0; place < this.#texts.length; place++) larger[this.#find(larger, place)] = place;
    this.#table = larger;
  }
}
