/** Choosing tokens: ties, the distribution that temperature, top-k and top-p promise, and the same draws for the same seed. */
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { argMax, checkSampling, penalised, type Sampling, sample } from "./sampling.ts";

const LOGITS = Float32Array.of(1, 3, -2, 2, 3, 0.5, -1);

/** Probabilities by definition: sort, keep k, keep the nucleus, renormalise. */
const expected = (logits: Float32Array, { temperature = 1, topK = logits.length, topP = 1 }: Sampling): number[] => {
  const order = [...logits.keys()]
    .sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
    .slice(0, topK);
  const weights = order.map((i) => Math.exp((logits[i] as number) / temperature));
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  let count = 1;
  while (count < order.length && sum(weights.slice(0, count)) < topP * sum(weights)) count++;
  const total = sum(weights.slice(0, count));
  const out = new Array<number>(logits.length).fill(0);
  order.slice(0, count).forEach((id, i) => {
    out[id] = (weights[i] as number) / total;
  });
  return out;
};

const draws = (logits: Float32Array, sampling: Sampling, n: number, seed = 7): number[] => {
  const stream = random(seed, "test");
  return Array.from({ length: n }, () => sample(logits, sampling, stream));
};

describe("greedy", () => {
  it("takes the first of equals, whatever the seed", () => {
    expect(argMax(LOGITS)).toBe(1);
    expect(new Set([...draws(LOGITS, {}, 5, 1), ...draws(LOGITS, { temperature: 0, topK: 3 }, 5, 2)])).toEqual(
      new Set([1]),
    );
    expect(argMax(new Float32Array(4))).toBe(0);
  });
});

describe("sample", () => {
  it.each<[name: string, sampling: Sampling]>([
    ["temperature 1", { temperature: 1 }],
    ["temperature 0.4", { temperature: 0.4 }],
    ["temperature 3", { temperature: 3 }],
    ["top-k 1", { temperature: 1, topK: 1 }],
    ["top-k 3", { temperature: 1, topK: 3 }],
    ["top-k beyond the vocabulary", { temperature: 1, topK: 99 }],
    ["top-p 0.5", { temperature: 1, topP: 0.5 }],
    ["top-p 0.9", { temperature: 1, topP: 0.9 }],
    ["top-p tiny", { temperature: 1, topP: 1e-9 }],
    ["top-p 1", { temperature: 1, topP: 1 }],
    ["top-k 4 then top-p 0.8", { temperature: 1.5, topK: 4, topP: 0.8 }],
  ])("follows softmax after %s", (_, sampling) => {
    const n = 20_000;
    const counts = new Array<number>(LOGITS.length).fill(0);
    for (const id of draws(LOGITS, sampling, n)) counts[id] = (counts[id] as number) + 1;
    expected(LOGITS, sampling).forEach((p, id) => {
      const found = (counts[id] as number) / n;
      if (p === 0) expect(found, `token ${id}`).toBe(0);
      else
        expect(Math.abs(found - p), `token ${id}: ${found} for ${p}`).toBeLessThan(
          4.5 * Math.sqrt((p * (1 - p)) / n) + 1e-9,
        );
    });
  });

  it("repeats itself by seed and differs between seeds", () => {
    const settings = { temperature: 1, topP: 0.95 };
    expect(draws(LOGITS, settings, 50, 3)).toEqual(draws(LOGITS, settings, 50, 3));
    expect(draws(LOGITS, settings, 50, 3)).not.toEqual(draws(LOGITS, settings, 50, 4));
  });

  it("uses one draw of the stream per token", () => {
    const [a, b] = [random(1), random(1)];
    sample(LOGITS, { temperature: 1, topK: 2, topP: 0.7 }, a);
    b.next();
    expect(a.next()).toBe(b.next());
  });

  it("walks tokens by falling probability, the lower id first among equals", () => {
    const at = (u: number, sampling: Sampling = { temperature: 1 }) =>
      sample(LOGITS, sampling, { ...random(0), next: () => u });
    const ids = Array.from({ length: 1000 }, (_, i) => at(i / 1000));
    expect([...new Set(ids)]).toEqual([1, 4, 3, 0, 5, 6, 2]);
    expect(at(1 - 2 ** -53)).toBe(2);
    expect(at(1 - 2 ** -53, { temperature: 1, topP: 0.5 })).toBe(4);
    expect(at(1 - 2 ** -53, { temperature: 1, topK: 3 })).toBe(3);
  });

  it("gives impossible tokens no chance and survives large logits", () => {
    const logits = Float32Array.of(Number.NEGATIVE_INFINITY, 3e38, 3e38, -3e38);
    expect(new Set(draws(logits, { temperature: 2 }, 200))).toEqual(new Set([1, 2]));
  });

  it.each([
    ["NaN at the top", Float32Array.of(Number.NaN, Number.NaN), {}],
    ["NaN among numbers", Float32Array.of(1, Number.NaN, 2), { temperature: 1 }],
    ["infinity", Float32Array.of(1, Number.POSITIVE_INFINITY), { temperature: 1 }],
    ["nothing possible", new Float32Array(3).fill(Number.NEGATIVE_INFINITY), { temperature: 1 }],
  ])("refuses %s", (_, logits, sampling) => {
    expect(() => sample(logits, sampling, random(1))).toThrow(/logits: came out as/);
  });

  it("does not sort a large vocabulary for one token", () => {
    const stream = random(5);
    const logits = Float32Array.from({ length: 150_000 }, () => 4 * stream.normal());
    const timed = (work: () => unknown) => {
      const started = performance.now();
      for (let i = 0; i < 10; i++) work();
      return performance.now() - started;
    };
    const drawing = timed(() => sample(logits, { temperature: 0.8, topP: 0.95 }, stream));
    const sorting = timed(() =>
      Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number)),
    );
    expect(drawing).toBeLessThan(sorting / 2);
  });
});

it.each<[settings: Sampling, what: string]>([
  [{ temperature: -1 }, "temperature"],
  [{ temperature: Number.NaN }, "temperature"],
  [{ temperature: Number.POSITIVE_INFINITY }, "temperature"],
  [{ topK: 0 }, "topK"],
  [{ topK: 1.5 }, "topK"],
  [{ topP: 0 }, "topP"],
  [{ topP: 1.1 }, "topP"],
  [{ topP: Number.NaN }, "topP"],
])("settings %j are refused", (settings, what) => {
  expect(() => checkSampling(settings)).toThrow(expect.objectContaining({ _tag: "DecoderError", what }));
  expect(() => checkSampling({ temperature: 0.7, topK: 5, topP: 1 })).not.toThrow();
});

describe("min-p", () => {
  it("keeps tokens by their likelihood relative to the likeliest", () => {
    // probabilities 8 : 4 : 2 : 1, so min-p 0.4 keeps the first two
    const logits = Float32Array.of(Math.log(1), Math.log(8), Math.log(2), Math.log(4));
    const seen = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const id = sample(logits, { temperature: 1, minP: 0.4 }, random(i, "min-p"));
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual([1, 3]);
    // 2/3 ± 4 standard errors of a proportion over 3000 draws
    expect(Math.abs((seen.get(1) as number) / 3000 - 2 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / 3000));
  });

  it("takes the smaller set when top-p is given too", () => {
    const logits = Float32Array.of(Math.log(8), Math.log(4), Math.log(2), Math.log(1));
    const drawn = (sampling: object) =>
      new Set(
        Array.from({ length: 500 }, (_, i) => sample(logits, { temperature: 1, ...sampling }, random(i, "both"))),
      );
    expect([...drawn({ topP: 0.5, minP: 0.2 })]).toEqual([0]);
    expect([...drawn({ topP: 0.99, minP: 0.2 })].sort()).toEqual([0, 1, 2]);
    expect([...drawn({ minP: 1 })]).toEqual([0]);
  });
});

describe("penalised", () => {
  it("divides positive and multiplies negative logits of seen tokens once, and leaves the input alone", () => {
    const logits = Float32Array.of(3, -2, 1, 0);
    expect(Array.from(penalised(logits, [0, 1, 0], 2))).toEqual([1.5, -4, 1, 0]);
    expect(Array.from(logits)).toEqual([3, -2, 1, 0]);
    expect(penalised(logits, [0], 1)).toBe(logits);
  });

  it.each([
    ["minP", 1.5],
    ["repetitionPenalty", 0],
  ])("refuses %s %d", (what, value) => {
    expect(() => checkSampling({ [what]: value })).toThrow(what);
  });
});
