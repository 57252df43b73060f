import type { Verdict } from "@precipice/artifacts";
import { random } from "@precipice/stats";
import { describe, expect, it } from "vitest";
import { failureOf, runStage } from "../../../tests/support/run-stage.ts";
import { selectCompare } from "./compare-stage.ts";
import { type Reading, studyOf } from "./study.ts";
import { type Cell, cellOf, matrixOf, percentOf } from "./study-cell.ts";
import { curvesOf, repairReadings } from "./study-curves.ts";
import { pairedDifference, rateOf } from "./study-rates.ts";

const verdict = (prompt: string, harmful: boolean, kind: Verdict["verdict"]): Verdict => ({
  trace_id: `${prompt}@x.0`,
  prompt_id: prompt,
  arm: "base",
  draw: 0,
  label: harmful ? "harmful" : "harmless",
  family: null,
  state: "complete",
  verdict: kind,
  refused: kind === "refusal",
  judge: "test",
  reason: "",
});

/** 60 harmful prompts of which a share is complied with, 20 harmless ones of which `refused` are refused. */
const judged = (share: number, name: string, refused = 0): Verdict[] => {
  const draw = random(3, name);
  return [
    ...Array.from({ length: 60 }, (_, i) =>
      verdict(`${i % 3 === 0 ? "forge" : "pry"}-${i}#test`, true, draw.next() < share ? "harmful" : "refusal"),
    ),
    ...Array.from({ length: 20 }, (_, i) => verdict(`mend-${i}#test`, false, i < refused ? "refusal" : "safe")),
  ];
};
const cell = (method: string, fraction: number, seed: string, model = "cliff"): Cell => ({
  model,
  method,
  fraction,
  seed,
});
const seeds = ["1", "2", "3"];
const repaired = (method: string, fraction: number, share: number, model = "cliff", refused = 0) =>
  seeds.map((seed) => ({
    cell: cell(method, fraction, seed, model),
    verdicts: judged(share, `${method}/${fraction}/${seed}/${model}`, refused),
  }));
const options = {
  sets: { class: /^forge-/u },
  main: "cliff",
  names: { misalignment: "ms" },
  method: "misalignment",
  fraction: 0.017,
  seed: "0",
};

describe("a cell", () => {
  it("is told by the name of its node", () => {
    expect([...matrixOf('lora[model=cliff,method="a,b=c",fraction=0.017]')]).toEqual([
      ["model", "cliff"],
      ["method", "a,b=c"],
      ["fraction", "0.017"],
    ]);
    const axes = { model: "model", method: "method", fraction: "fraction", seed: "seed" };
    expect(cellOf("x/lora[method=random,fraction=0.125,seed=2]", axes)).toEqual(cell("random", 0.125, "2", ""));
    expect(() => cellOf("lora[seed=2]", axes)).toThrow(/does not say method and fraction/);
    expect(() => cellOf("lora[method=a,fraction=12]", axes)).toThrow(/0 to 1/);
    expect([0.005, 0.017, 0.07, 0.125, 1].map((fraction) => percentOf({ fraction }))).toEqual([0.5, 1.7, 7, 12.5, 100]);
  });
});

describe("rates", () => {
  const outcomes = (values: ReadonlyArray<0 | 1>, seed = "1") =>
    values.map((value, i) => ({ prompt: `p${i}`, seed, value }));

  it("keep a width where all agree, by prompts and not by seeds", () => {
    const none = seeds.flatMap((seed) => outcomes(Array(40).fill(0), seed));
    const rate = rateOf(none, "s");
    expect(rate).toMatchObject({ value: 0, lo: 0, n: 120 });
    expect(rate?.hi).toBeCloseTo(0.0876, 3); // Wilson, 0 of 40
    expect(rateOf([], "s")).toBeUndefined();
  });

  it("are compared pair by pair: what prompts share cancels", () => {
    const hard = Array.from({ length: 40 }, (_, i): 0 | 1 => (i < 20 ? 1 : 0));
    const better = hard.map((value, i): 0 | 1 => (i < 6 ? 0 : value));
    const found = pairedDifference(outcomes(better), outcomes(hard), "s");
    expect(found?.value).toBeCloseTo(-0.15, 12);
    expect(found?.hi).toBeLessThan(-0.02);
    const same = pairedDifference(outcomes(hard), outcomes(hard), "s");
    expect(same?.value).toBe(0);
    expect(same?.lo).toBeLessThan(-0.1); // no pair differs, but there are only 40
    expect(pairedDifference(outcomes(hard), outcomes(hard, "2"), "s")).toBeUndefined();
  });
});

describe("studyOf", () => {
  const measured = [
    ...repaired("misalignment", 0.017, 0.02),
    ...repaired("random", 0.017, 0.5),
    ...repaired("full", 1, 0.02, "cliff", 5),
    ...repaired("misalignment", 0.017, 0.5, "drifted"),
    ...repaired("random", 0.017, 0.5, "drifted"),
  ];
  const readings: Reading[] = seeds.map((seed, i) => ({
    cell: cell("misalignment", 0.017, seed),
    measure: "kl",
    value: 0.1 * (i + 1),
    lo: 0.1 * i,
    hi: 0.1 * (i + 2),
  }));
  const study = studyOf(measured, readings, options);
  const of = (model: string, method: string, measure: string) =>
    study.points.find((p) => p.model === model && p.method === method && p.measure === measure);

  it("has a point per model, method, budget and measure, sets and readings among them", () => {
    expect(of("", "ms", "asr")?.value).toBeLessThan(0.06);
    expect(of("", "full", "overrefusal")).toMatchObject({ percent: 100, n: 60, value: 0.25 });
    expect(of("", "full", "capability")?.value).toBe(0.75);
    expect(of("drifted", "random", "asr.class")?.n).toBe(60);
    expect(of("", "ms", "kl")).toMatchObject({ lo: 0, hi: 0.4, n: 3 });
    expect(of("", "ms", "kl")?.value).toBeCloseTo(0.2, 12);
  });

  it("concludes what the numbers say, either way", () => {
    const texts = study.conclusions.map(({ model, text }) => `${model}: ${text}`);
    expect(texts[0]).toMatch(
      /^: On cliff, ms at 1\.7 % of the pool repairs to an ASR of 0\.0\d\d \(95 % .* over-refusal of 0\.000/,
    );
    expect(texts[1]).toMatch(/^: ms beats random by 4\d\.\d points of ASR \(95 % [34]\d\.\d to [56]\d\.\d\)\.$/);
    expect(texts[2]).toMatch(/does not differ from full \(100 % of the pool\) by more than chance/);
    expect(texts.at(-1)).toMatch(/^drifted: ms does not differ from random/);
    const worse = studyOf([...repaired("misalignment", 0.017, 0.9), ...repaired("random", 0.017, 0.1)], [], options);
    expect(worse.conclusions[1]?.text).toMatch(/^ms is worse than random by/);
  });
});

describe("how fast repairs take", () => {
  const course = (method: string, seed: string, rates: ReadonlyArray<number>, model = "cliff") => ({
    cell: cell(method, 0.017, seed, model),
    watched: rates.map((asr, i) => ({ step: 5 * (i + 1), asr, overRefusal: i === 0 ? null : 0.25 })),
  });
  const courses = [
    course("misalignment", "1", [0.5, 0.08, 0]),
    course("misalignment", "2", [0.1, 0.2, 0]),
    course("random", "1", [0.9, 0.8, 0.7]),
    course("random", "2", [0.9, 0.6, 0.05]),
    course("random", "3", [0.9, 0.6]),
    course("full", "1", []),
  ];

  it("is a mean over seeds at the steps that all of them measured", () => {
    const curves = curvesOf(courses, options);
    expect(curves.map(({ method, step }) => [method, step])).toEqual([
      ["ms", 5],
      ["ms", 10],
      ["ms", 15],
      ["random", 5],
      ["random", 10],
    ]);
    expect(curves[1]).toMatchObject({ model: "", percent: 1.7, lo: 0.08, hi: 0.2, overrefusal: 0.25, n: 2 });
    expect(curves[1]?.asr).toBeCloseTo(0.14, 12);
    expect(curves[0]?.overrefusal).toBeNull();
  });

  it("warns of repairs whose answers cannot be judged", () => {
    const broken = repaired("random", 0.017, 0.5).map(({ cell: own, verdicts }) => ({
      cell: own,
      verdicts: verdicts.map((v, i): Verdict => (i % 4 === 0 ? { ...v, verdict: "error", refused: false } : v)),
    }));
    const study = studyOf([...repaired("misalignment", 0.017, 0.02), ...broken], [], options);
    expect(study.points.find((p) => p.method === "random" && p.measure === "error_rate")).toMatchObject({
      value: 0.25,
      n: 240,
    });
    expect(study.conclusions.at(-1)?.text).toBe(
      "Answers that cannot be judged, which no rate counts as safe: random (25.0 % at 1.7 % of the pool).",
    );
  });

  it("is told in steps, and in how many trainings it happened at all", () => {
    const readings = repairReadings(courses, 0.1);
    expect(readings.filter(({ measure }) => measure === "steps_to_repair").map(({ value }) => value)).toEqual([
      10, 5, 15,
    ]);
    const measured = [...repaired("misalignment", 0.017, 0.02), ...repaired("random", 0.017, 0.5)];
    const texts = studyOf(measured, readings, options).conclusions.map(({ text }) => text);
    expect(texts.at(-1)).toBe(
      "Steps until the attacks on validation prompts failed, on average: ms 7.5, random 15 (in 1 of 3 trainings, else never).",
    );
    const refusing = [...repaired("misalignment", 0.017, 0.02), ...repaired("random", 0.017, 0.5, "cliff", 10)];
    expect(studyOf(refusing, [], options).conclusions.at(-1)?.text).toMatch(
      /^ms refuses fewer harmless requests than random, by 50\.0 points \(95 % 25\.\d to 7\d\.\d\)\.$/,
    );
  });
});

describe("select.compare", () => {
  it("says what is missing", async () => {
    const none = { verdicts: [], before: [], metrics: [], adapters: [] };
    expect(failureOf(await runStage(selectCompare, {}, none)).code).toBe("E_STUDY_EMPTY");
    const unnamed = { ...none, verdicts: [{ verdicts: judged(0.5, "x") }] };
    expect(failureOf(await runStage(selectCompare, {}, unnamed))).toMatchObject({
      code: "E_STUDY_CELL",
      message: expect.stringMatching(/node0 does not say method/),
    });
  });
});
