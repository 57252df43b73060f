import { auroc, random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { fitProbe, type ProbeOptions, probeMethods } from "./fit-probe.ts";
import { probeScores, sigmoid } from "./probe.ts";
import { ProbeInputError } from "./probe-error.ts";

/** Two Gaussian classes whose means differ by `gap` along the first feature. */
const gaussians = (n: number, d: number, gap: number, name = "data") => {
  const stream = random(5, name);
  const y = Uint8Array.from({ length: n }, (_, i) => i % 2);
  const X = Float32Array.from({ length: n * d }, (_, at) => {
    const isFirst = at % d === 0;
    return stream.normal() + (isFirst ? gap * ((y[Math.floor(at / d)] as number) - 0.5) : 0);
  });
  return { X, y };
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProbeInputError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("fitProbe", () => {
  it.each(probeMethods)("%s finds a direction that holds on fresh data", (method) => {
    const probe = fitProbe(...(Object.values(gaussians(400, 6, 4)) as [Float32Array, Uint8Array]), { method });
    const fresh = gaussians(400, 6, 4, "fresh");
    expect(auroc(probeScores(probe, fresh.X), fresh.y)).toBeGreaterThan(method === "paper-code" ? 0.9 : 0.97);
  });

  it("recovers the true logit of Gaussian classes: slope gap, intercept 0", () => {
    // equal covariance 1 and means ±gap/2 along x give logit = gap · x exactly; n = 20,000 leaves ~3 %
    const { X, y } = gaussians(20_000, 2, 2);
    for (const method of ["logistic", "difference-in-means"] as const) {
      const { weight, bias } = fitProbe(X, y, { method });
      expect(Math.abs((weight[0] as number) - 2)).toBeLessThan(0.1);
      expect(Math.abs(weight[1] as number)).toBeLessThan(0.1);
      expect(Math.abs(bias)).toBeLessThan(0.1);
    }
  });

  it("does not care about the units of features when it standardises", () => {
    const { X, y } = gaussians(100, 3, 1);
    const scales = [1000, 1e-3, 1];
    const moved = X.map((value, at) => value * (scales[at % 3] as number) + (at % 3) * 5);
    const plain = probeScores(fitProbe(X, y), X);
    const scaled = probeScores(fitProbe(moved, y), moved);
    // f32 storage of the moved features is what remains
    for (let i = 0; i < plain.length; i++)
      expect(Math.abs((plain[i] as number) - (scaled[i] as number))).toBeLessThan(1e-3);
    const raw = probeScores(fitProbe(moved, y, { standardize: false }), moved);
    expect(Math.max(...raw.map((p, i) => Math.abs(p - (plain[i] as number))))).toBeGreaterThan(1e-2);
  });

  it("ignores a constant feature, at whatever height", () => {
    const { X, y } = gaussians(60, 2, 2);
    X.forEach((_, at) => {
      if (at % 2 === 1) X[at] = 12345.678;
    });
    const { weight, converged } = fitProbe(X, y);
    expect(converged).toBe(true);
    expect(Math.abs(weight[1] as number)).toBeLessThan(1e-9);
  });

  it("converges on separable data with more features than rows", () => {
    const { X, y } = gaussians(40, 300, 6);
    const probe = fitProbe(X, y, { l2: 0.01 });
    expect(probe.converged).toBe(true);
    expect(probeScores(probe, X).every((p, i) => (p > 0.5 ? 1 : 0) === y[i])).toBe(true);
  });

  it("says so when there is no minimum to converge to", () => {
    const probe = fitProbe(Float32Array.of(-1, 1), Uint8Array.of(0, 1), { l2: 0, maxIterations: 50 });
    expect(Number.isFinite(probe.weight[0])).toBe(true);
    expect(probeScores(probe, [-1, 1])[1]).toBeGreaterThan(0.99);
  });

  it("keeps difference-in-means finite when a class has no spread", () => {
    const { weight, bias } = fitProbe(Float32Array.of(0, 0, 2, 2), Uint8Array.of(0, 0, 1, 1), {
      method: "difference-in-means",
    });
    expect(sigmoid(2 * (weight[0] as number) + bias)).toBeGreaterThan(0.999);
    expect(Number.isFinite(bias)).toBe(true);
  });

  it("reproduces paper-code from its seed", () => {
    const { X, y } = gaussians(100, 4, 2);
    const fit = (seed: number) => [...fitProbe(X, y, { method: "paper-code", seed }).weight];
    expect(fit(1)).toEqual(fit(1));
    expect(fit(1)).not.toEqual(fit(2));
  });

  it.each<[string, Float32Array, number[], ProbeOptions]>([
    ["one-class", Float32Array.of(1, 2), [1, 1], {}],
    ["shape", Float32Array.of(1, 2, 3), [1, 0], {}],
    ["shape", new Float32Array(0), [], {}],
    ["label", Float32Array.of(1, 2), [0, 2], {}],
    ["not-finite", Float32Array.of(1, Number.NaN), [0, 1], {}],
    ["not-finite", Float32Array.of(1, Number.POSITIVE_INFINITY), [0, 1], {}],
    ["option", Float32Array.of(1, 2), [0, 1], { l2: -1 }],
    ["no-direction", Float32Array.of(1, 1), [0, 1], { method: "difference-in-means" }],
  ])("throws %s (%#)", (code, X, y, options) => {
    expect(codeOf(() => fitProbe(X, Uint8Array.from(y), options))).toBe(code);
  });
});

describe("sigmoid", () => {
  it("does not overflow", () => {
    expect([sigmoid(-1000), sigmoid(0), sigmoid(1000)]).toEqual([0, 0.5, 1]);
  });
});
