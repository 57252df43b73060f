/**
 * Parity with reference minimisers (Newton in f64, agreeing with scipy, torch LBFGS and
 * scikit-learn) under tests/corpus/reference/probe. Tolerances are those stated with the
 * fixture for an f64 implementation: parameters 1e-6, objective 1e-7 relative.
 */
import { readFileSync } from "node:fs";
import { accuracy } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { readSafetensorsFixture } from "../../../tests/support/safetensors-fixture.ts";
import { fitProbe } from "./fit-probe.ts";
import { gradient, margins, objective } from "./logistic-objective.ts";
import { probeScores } from "./probe.ts";

interface Reference {
  N: number;
  D: number;
  fits: Array<{ lam: number; w: number[]; b: number; objective: number; accuracy: number }>;
  check_point: { lam: number; w: number[]; b: number; objective: number; grad_w: number[]; grad_b: number };
}

const folder = new URL("../../../tests/corpus/reference/probe/", import.meta.url);
const reference = JSON.parse(readFileSync(new URL("probe.json", folder), "utf8")) as Reference;
const tensors = readSafetensorsFixture(new URL("probe.safetensors", folder));
const X = tensors.get("X")?.data as Float32Array;
const y = Uint8Array.from(tensors.get("y")?.data as Float32Array);
const examples = { X, y, n: reference.N, d: reference.D };

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);

describe("parity of the logistic probe", () => {
  it("has data of the stated shape", () => {
    expect([X.length, y.length]).toEqual([reference.N * reference.D, reference.N]);
  });

  it("agrees on objective and gradient away from the minimum", () => {
    const { lam, w, b, objective: value, grad_w, grad_b } = reference.check_point;
    const parameters = Float64Array.from([...w, b]);
    const z = margins(examples, parameters);
    expect(objective(examples, lam, parameters, z) / value).toBeCloseTo(1, 12);
    expect(largestGap(gradient(examples, lam, parameters, z), [...grad_w, grad_b])).toBeLessThan(1e-10);
  });

  it.each(reference.fits)("finds the minimum for lambda $lam", ({ lam, w, b, objective: value, accuracy: right }) => {
    const probe = fitProbe(X, y, { l2: lam, standardize: false });
    expect(probe.converged).toBe(true);
    expect(probe.iterations).toBeLessThan(40);
    expect(largestGap(probe.weight, w)).toBeLessThan(1e-6);
    expect(Math.abs(probe.bias - b)).toBeLessThan(1e-6);
    expect(Math.abs((probe.objective as number) / value - 1)).toBeLessThan(1e-7);
    expect(accuracy(probeScores(probe, X), y)).toBe(right);
  });
});
