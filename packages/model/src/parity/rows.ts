/** How close a computed tensor is to its reference. */
export interface ParityRow {
  readonly tensor: string;
  readonly maxAbs: number;
  readonly rms: number;
  /** Accepted max abs, and rms. */
  readonly tolerance: Tolerance;
  readonly pass: boolean;
}

export interface Tolerance {
  readonly maxAbs: number;
  readonly rms: number;
}

/**
 * What an f32 implementation on a CPU may differ by: some ten times the noise measured between the f32 reference and f64,
 * a thousand times less than the smallest real fault.
 */
export const TOLERANCES = {
  activations: { maxAbs: 1e-4, rms: 1.5e-5 },
  attention: { maxAbs: 2e-5, rms: 2e-5 },
  nll: { maxAbs: 5e-5, rms: 5e-5 },
  loss: { maxAbs: 1e-5, rms: 1e-5 },
  rope: { maxAbs: 1e-6, rms: 1e-6 },
  exact: { maxAbs: 0, rms: 0 },
} as const satisfies Record<string, Tolerance>;

export type ToleranceName = keyof typeof TOLERANCES;

/** Compare two tensors element by element; another number of elements or a NaN fails. */
export const parityRow = (
  tensor: string,
  found: ArrayLike<number>,
  golden: ArrayLike<number>,
  kind: ToleranceName,
): ParityRow => {
  let maxAbs = found.length === golden.length ? 0 : Number.POSITIVE_INFINITY;
  let squares = 0;
  for (let i = 0; i < golden.length; i++) {
    const d = Math.abs((found[i] as number) - (golden[i] as number));
    if (!(d <= maxAbs)) maxAbs = d; // a NaN stays
    squares += d * d;
  }
  const rms = Math.sqrt(squares / Math.max(1, golden.length));
  const tolerance = TOLERANCES[kind];
  return { tensor, maxAbs, rms, tolerance, pass: maxAbs <= tolerance.maxAbs && rms <= tolerance.rms };
};
