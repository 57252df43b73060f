/**
 * Puts vectors that arrive place by place into blocks of a fixed number of places, each written site by site. The order of the
 * file then depends on what is captured alone, not on batches, and a reader finds one site's vectors side by side.
 */
import type { Activation } from "@precipice/artifacts";
import type { Site } from "@precipice/model";
import { StageError, type VectorBatch } from "@precipice/runtime";

/** Vectors of a batch: `[n, dim]`, f32 or the bits of f16. */
export type Vectors = Float32Array | Uint16Array;
export type CaptureDType = "f32" | "f16";

export const DTYPE_BYTES: Readonly<Record<CaptureDType, number>> = { f32: 4, f16: 2 };

/** All a block's vectors take together, unless one place alone takes more. */
const BLOCK_BYTES = 2 ** 20;

type PlaceRow = Omit<Activation, "site">;

export class VectorBlocks {
  readonly #sites: ReadonlyArray<Site>;
  readonly #dim: number;
  readonly #dtype: CaptureDType;
  readonly #capacity: number;
  readonly #data: ReadonlyArray<Vectors>;
  #places: PlaceRow[] = [];

  constructor(sites: ReadonlyArray<Site>, dim: number, dtype: CaptureDType, blockBytes = BLOCK_BYTES) {
    this.#sites = sites;
    this.#dim = dim;
    this.#dtype = dtype;
    this.#capacity = Math.max(1, Math.floor(blockBytes / (sites.length * dim * DTYPE_BYTES[dtype])));
    const size = this.#capacity * dim;
    this.#data = sites.map(() => (dtype === "f16" ? new Uint16Array(size) : new Float32Array(size)));
  }

  /**
   * Add a vector per place and site; yields full blocks as batches to write, each before the next is filled. Throws
   * `E_CAPTURE_NAN` naming site and trace when a value is not finite.
   */
  *add(places: ReadonlyArray<PlaceRow>, vectorsOf: (site: Site) => Vectors): Generator<VectorBatch<Activation>> {
    const dim = this.#dim;
    const sources = this.#sites.map(vectorsOf);
    for (const [i, place] of places.entries()) {
      const at = this.#places.length * dim;
      sources.forEach((source, s) => {
        const into = this.#data[s] as Vectors;
        for (let k = 0; k < dim; k++) into[at + k] = source[i * dim + k] as number;
        if (!finite(into, at, dim)) throw this.#notFinite(this.#sites[s] as Site, place);
      });
      this.#places.push(place);
      if (this.#places.length === this.#capacity) yield* this.flush();
    }
  }

  /** What is left, as batches. */
  *flush(): Generator<VectorBatch<Activation>> {
    const places = this.#places;
    this.#places = [];
    if (places.length === 0) return;
    for (const [s, site] of this.#sites.entries()) {
      const data = (this.#data[s] as Vectors).subarray(0, places.length * this.#dim);
      const columns = places.map(({ trace_id, position, token_index }) => ({ trace_id, site, position, token_index }));
      yield { columns, dim: this.#dim, data };
    }
  }

  #notFinite(site: Site, { trace_id, token_index }: PlaceRow): StageError {
    return new StageError({
      code: "E_CAPTURE_NAN",
      message: `activations at ${site} are not finite (trace ${trace_id}, token ${token_index})`,
      remedy:
        this.#dtype === "f16"
          ? "Capture with dtype f32: f16 holds values up to 65,504. If that fails too, check the checkpoint's weights"
          : "Check the checkpoint's weights",
    });
  }
}

const finite = (data: Vectors, from: number, count: number): boolean => {
  for (let i = from; i < from + count; i++) {
    const value = data[i] as number;
    if (data instanceof Uint16Array ? (value & 0x7c00) === 0x7c00 : !Number.isFinite(value)) return false;
  }
  return true;
};
