/** How far an adapter moves a model, and along how many directions: what two repairs of equal effect may differ in. */
import { type DecoderConfig, type FloatTensor, loraKey, loraModules } from "@precipice/model";
import type { PeftAdapter } from "./peft-files.ts";

export interface AdapterSize {
  /** Frobenius norm of all changes to the weights: `sqrt(Σ ‖s · B A‖²)` over modules. */
  readonly norm: number;
  /**
   * Rank that is really used: exp of the entropy of the squared singular values' shares (Roy and Vetterli 2007), mean over the
   * modules that change at all; between 1 and r. 0 for an adapter that changes nothing.
   */
  readonly effectiveRank: number;
}

export const adapterSize = (config: DecoderConfig, { lora, parameters }: PeftAdapter): AdapterSize => {
  let squares = 0;
  const ranks: number[] = [];
  for (const { layer, linear, scale } of loraModules(config, lora)) {
    const factor = (f: "A" | "B") => parameters[loraKey(layer, linear, f)] as FloatTensor;
    const energies = singularSquares(factor("A"), factor("B")).map((e) => scale * scale * e);
    const total = energies.reduce((sum, e) => sum + e, 0);
    if (total === 0) continue;
    squares += total;
    const entropy = energies.reduce((sum, e) => (e > 0 ? sum - (e / total) * Math.log(e / total) : sum), 0);
    ranks.push(Math.exp(entropy));
  }
  return {
    norm: Math.sqrt(squares),
    effectiveRank: ranks.length === 0 ? 0 : ranks.reduce((sum, r) => sum + r, 0) / ranks.length,
  };
};

/** Squared singular values of B A, from r × r products alone: the eigenvalues of (A Aᵀ)^½ Bᵀ B (A Aᵀ)^½. */
const singularSquares = (a: FloatTensor, b: FloatTensor): ReadonlyArray<number> => {
  const [r, width] = a.shape as [number, number];
  const out = b.shape[0] as number;
  const aa = square(r, (i, j) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (a.data[i * width + k] as number) * (a.data[j * width + k] as number);
    return sum;
  });
  const bb = square(r, (i, j) => {
    let sum = 0;
    for (let o = 0; o < out; o++) sum += (b.data[o * r + i] as number) * (b.data[o * r + j] as number);
    return sum;
  });
  const { values, vectors } = jacobi(aa);
  const root = square(r, (i, j) =>
    values.reduce((sum, v, k) => sum + Math.sqrt(Math.max(0, v)) * at(vectors, i, k) * at(vectors, j, k), 0),
  );
  return jacobi(product(product(root, bb), root)).values.map((v) => Math.max(0, v));
};

type Matrix = ReadonlyArray<Float64Array>;

const at = (m: Matrix, i: number, j: number): number => m[i]?.[j] as number;

const square = (size: number, value: (i: number, j: number) => number): Float64Array[] =>
  Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => value(i, j)));

const product = (a: Matrix, b: Matrix): Float64Array[] =>
  square(a.length, (i, j) => {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += at(a, i, k) * at(b, k, j);
    return sum;
  });

/** Eigenvalues and eigenvectors (columns) of a small symmetric matrix by Jacobi rotations (Golub and Van Loan, 8.5). */
const jacobi = (symmetric: Matrix): { readonly values: number[]; readonly vectors: Matrix } => {
  const n = symmetric.length;
  const m = square(n, (i, j) => (at(symmetric, i, j) + at(symmetric, j, i)) / 2);
  const vectors = square(n, (i, j) => (i === j ? 1 : 0));
  const size = m.reduce((sum, row) => sum + row.reduce((s, x) => s + x * x, 0), 0);
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += at(m, p, q) ** 2;
    if (off <= 1e-24 * size) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(m, vectors, p, q);
  }
  return { values: m.map((row, i) => row[i] as number), vectors };
};

/** Makes `m[p][q]` zero. */
const rotate = (m: Float64Array[], vectors: Float64Array[], p: number, q: number): void => {
  const apq = at(m, p, q);
  if (apq === 0) return;
  const theta = (at(m, q, q) - at(m, p, p)) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (rows: Float64Array[], i: number, a: number, b: number, byColumn: boolean) => {
    const [x, y] = byColumn ? [at(rows, a, i), at(rows, b, i)] : [at(rows, i, a), at(rows, i, b)];
    const [u, v] = [c * x - s * y, s * x + c * y];
    if (byColumn) {
      (rows[a] as Float64Array)[i] = u;
      (rows[b] as Float64Array)[i] = v;
    } else {
      (rows[i] as Float64Array)[a] = u;
      (rows[i] as Float64Array)[b] = v;
    }
  };
  for (let i = 0; i < m.length; i++) turn(m, i, p, q, false);
  for (let i = 0; i < m.length; i++) turn(m, i, p, q, true);
  for (let i = 0; i < m.length; i++) turn(vectors, i, p, q, false);
};
