/** The labelled activations a probe is fitted to, checked once where they come in. */
import { ProbeInputError } from "./probe-error.ts";

export interface Examples {
  /** Row-major [n, d]. */
  readonly X: Float32Array | Float64Array;
  /** [n], 1 = refuses, 0 = answers. */
  readonly y: Uint8Array;
  readonly n: number;
  readonly d: number;
}

/**
 * n and d of the data. Throws a ProbeInputError with code `shape`, `label`, `one-class`
 * or `not-finite` that names the first bad row.
 */
export const checkExamples = (X: Float32Array | Float64Array, y: Uint8Array): Examples => {
  const n = y.length;
  const d = X.length / n;
  if (n === 0 || !Number.isInteger(d) || d === 0) {
    throw new ProbeInputError(
      "shape",
      `X holds ${X.length} values, which is no [n, d] matrix for the ${n} labels in y`,
    );
  }
  let positives = 0;
  for (let i = 0; i < n; i++) {
    const label = y[i] as number;
    if (label > 1) throw new ProbeInputError("label", `label ${label} of row ${i}: labels are 0 or 1`);
    positives += label;
  }
  if (positives === 0 || positives === n) {
    throw new ProbeInputError("one-class", `all ${n} rows have label ${y[0]}: a probe needs both classes`);
  }
  for (let i = 0; i < X.length; i++) {
    if (!Number.isFinite(X[i])) {
      throw new ProbeInputError("not-finite", `row ${Math.floor(i / d)}, feature ${i % d} is ${X[i]}`);
    }
  }
  return { X, y, n, d };
};

/** The rows of the examples at these indices, copied. */
export const takeRows = ({ X, y, d }: Examples, rows: readonly number[]): Examples => {
  const taken = X.constructor === Float64Array ? new Float64Array(rows.length * d) : new Float32Array(rows.length * d);
  rows.forEach((row, i) => {
    taken.set(X.subarray(row * d, (row + 1) * d), i * d);
  });
  return { X: taken, y: Uint8Array.from(rows, (row) => y[row] as number), n: rows.length, d };
};
