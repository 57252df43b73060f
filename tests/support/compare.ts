/** Comparison of tensors by the tolerances of the reference data. */
import { TOLERANCES, type Tolerance } from "@precipice/model";
import { expect } from "vitest";

/** What an f32 implementation may differ by: as `precipice doctor parity` accepts, and for trained parameters. */
export const TOLERANCE = { ...TOLERANCES, adamw: { maxAbs: 1e-4, rms: 3e-6 } } as const;

export const difference = (found: ArrayLike<number>, golden: ArrayLike<number>): Tolerance => {
  let maxAbs = 0;
  let sum = 0;
  for (let i = 0; i < golden.length; i++) {
    const d = Math.abs((found[i] as number) - (golden[i] as number));
    if (!(d <= maxAbs)) maxAbs = d; // NaN sticks
    sum += d * d;
  }
  return { maxAbs, rms: Math.sqrt(sum / golden.length) };
};

export const expectClose = (
  name: string,
  found: ArrayLike<number>,
  golden: ArrayLike<number>,
  tolerance: Tolerance,
): void => {
  expect(found.length, `${name}: number of elements`).toBe(golden.length);
  const d = difference(found, golden);
  expect(d.maxAbs, `${name}: max abs`).toBeLessThanOrEqual(tolerance.maxAbs);
  expect(d.rms, `${name}: rms`).toBeLessThanOrEqual(tolerance.rms);
};

/** |found − golden|₂ / |golden|₂ */
export const relativeError = (found: ArrayLike<number>, golden: ArrayLike<number>): number => {
  let diff = 0;
  let norm = 0;
  for (let i = 0; i < golden.length; i++) {
    diff += ((found[i] as number) - (golden[i] as number)) ** 2;
    norm += (golden[i] as number) ** 2;
  }
  return Math.sqrt(diff / norm);
};
