/** One loop: however rows are batched the step is the same, and a training that is cut off ends where it would have ended. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { floats, type HostTensors } from "@precipice/onnx";
import { describe, expect, it } from "vitest";
import { expectClose, TOLERANCE } from "../../../tests/support/compare.ts";
import { temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint, traceOf } from "../../../tests/support/small-model.ts";
import { stepFeeds } from "./step-feeds.ts";
import { linearsOf } from "./targets.ts";
import { type LoraTraining, trainLora } from "./train-lora.ts";
import { loadProgress } from "./training-checkpoint.ts";
import type { Example, Validation } from "./training-options.ts";

const root = temporary();
const { config } = checkpoint;
const rows: ReadonlyArray<Example> = Array.from({ length: 9 }, (_, i) => {
  const { ids } = traceOf(`loop${i}`, 4 + 5 * i);
  return { id: `row ${i}`, ids, lossWeight: ids.map((_id, t) => (t % 3 === 0 ? 1 : 0)) };
});
const options: LoraTraining = {
  lora: { rank: 4, alpha: 8, targets: linearsOf(["q_proj", "v_proj", "down_proj"], config) },
  steps: 4,
  rowsPerStep: 6,
  learningRate: 2e-3,
  warmup: 1,
  weightDecay: 0.01,
  clipNorm: 1,
  seed: 5,
};
const parametersOf = (trained: Awaited<ReturnType<typeof trainLora>>) =>
  Object.values(trained.parameters).flatMap((t) => Array.from(t.data));
const losses = (trained: Awaited<ReturnType<typeof trainLora>>) => trained.steps.map((s) => s.loss);

describe("a step", () => {
  it.each([
    ["gradients summed over many batches", { tokensPerBatch: 60 }],
    ["packed rows", { packTokens: 64 }],
    ["blocks run again for their gradient", { recompute: true }],
    ["all of that together", { recompute: true, packTokens: 50, tokensPerBatch: 80 }],
    ["packed rows in several batches", { packTokens: 50, tokensPerBatch: 80 }],
  ])("is the same with %s", async (_, how) => {
    const [whole, parts] = [
      await trainLora(checkpoint, rows, options),
      await trainLora(checkpoint, rows, { ...options, ...how }),
    ];
    // sums of f32 in another order; Adam divides by the gradient's size and so carries its relative error on
    parts.steps.forEach((s, i) => {
      expect(Math.abs(s.loss - (whole.steps[i]?.loss as number))).toBeLessThan(5e-5);
      expect(s.gradNorm / (whole.steps[i]?.gradNorm as number)).toBeCloseTo(1, 4);
    });
    expectClose("parameters", parametersOf(parts), parametersOf(whole), TOLERANCE.adamw);
  });

  it("really has several batches, and several rows per sequence, when it says so", () => {
    const shape = { config, kl: false, preference: false };
    expect(stepFeeds(rows, shape, {}, undefined)).toHaveLength(1);
    const parts = stepFeeds(rows, shape, { tokensPerBatch: 60 }, undefined);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap((p) => p.examples).sort((a, b) => a - b)).toEqual([...rows.keys()]);
    const total = parts.map((p) => p.feeds["loss_total"]?.data[0]);
    expect(new Set(total).size).toBe(1); // the mean is over the whole step
    const packed = stepFeeds(rows, shape, { packTokens: 64 }, undefined);
    expect(packed[0]?.feeds["input_ids"]?.dims[0]).toBeLessThan(rows.length);
    expect(Math.max(...Array.from(packed[0]?.feeds["segments"]?.data ?? [], Number))).toBeGreaterThan(0);
  });

  it("drops by seed and step, the same in every batching, and not when it measures", async () => {
    const drop: LoraTraining = { ...options, lora: { ...options.lora, dropout: 0.3 } };
    const evaluation = { examples: rows.slice(0, 2), every: 1 };
    const [first, again, parts, other, plain] = [
      await trainLora(checkpoint, rows, { ...drop, evaluation }),
      await trainLora(checkpoint, rows, { ...drop, evaluation }),
      await trainLora(checkpoint, rows, { ...drop, tokensPerBatch: 60 }),
      await trainLora(checkpoint, rows, { ...drop, seed: 6 }),
      await trainLora(checkpoint, rows, { ...options, steps: 1, learningRate: 0, evaluation }),
    ];
    expect(parametersOf(again)).toEqual(parametersOf(first));
    expectClose("parameters", parametersOf(parts), parametersOf(first), TOLERANCE.adamw);
    expect(losses(other)).not.toEqual(losses(first));
    // B is zero at the start: dropping changes nothing yet, and a measurement never drops
    const still = await trainLora(checkpoint, rows, { ...drop, steps: 1, learningRate: 0, evaluation });
    expect(still.steps[0]?.evalLoss).toBeCloseTo(plain.steps[0]?.evalLoss as number, 5);
    expect(losses(first).slice(1)).not.toEqual(losses(await trainLora(checkpoint, rows, options)).slice(1));
  });

  it("drops the same where blocks are run again, in adapters whose layers differ", async () => {
    const lora = {
      ...options.lora,
      dropout: 0.2,
      layers: [1, 3],
      rankPattern: { "layers.3.self_attn.q_proj": 2 },
      alphaPattern: { "layers.1.*": 3 },
    };
    const [kept, again] = [
      await trainLora(checkpoint, rows, { ...options, lora, recompute: false }),
      await trainLora(checkpoint, rows, { ...options, lora, recompute: true }),
    ];
    again.steps.forEach((s, i) => {
      expect(Math.abs(s.loss - (kept.steps[i]?.loss as number))).toBeLessThan(5e-5);
    });
    expectClose("parameters", parametersOf(again), parametersOf(kept), TOLERANCE.adamw);
  });

  it("names the rows of a loss that is not finite", async () => {
    const wild = { ...options, learningRate: 1e38, warmup: 0, clipNorm: undefined, tokensPerBatch: 60 };
    const error = await trainLora(checkpoint, rows, wild).catch((e: unknown) => e);
    expect(error).toMatchObject({ _tag: "NonFiniteLoss" });
    expect((error as Error).message).toMatch(/step \d gave loss .* on rows row \d/);
  });

  it.each<[name: string, wrong: Partial<LoraTraining>, message: string]>([
    ["steps and epochs", { epochs: 1 }, "give either steps or epochs"],
    ["no steps", { steps: 0 }, "steps is 0"],
    ["half a row", { rowsPerStep: 0.5 }, "rowsPerStep is 0.5"],
    ["a warm-up that is no number", { warmup: Number.NaN }, "warmup is NaN"],
    ["nothing to measure on", { evaluation: { examples: [], every: 1 } }, "no rows to evaluate on"],
    ["a dropout of 1", { lora: { ...options.lora, dropout: 1 } }, "the dropout is 1"],
    ["no layer", { lora: { ...options.lora, layers: [] } }, "the adapter has no module"],
  ])("refuses %s", async (_, wrong, message) => {
    await expect(trainLora(checkpoint, rows, { ...options, ...wrong })).rejects.toThrow(message);
  });
});

describe("a training", () => {
  it("counts epochs, warms up by a share of the steps, and follows the schedule asked for", async () => {
    const { steps: made } = await trainLora(checkpoint, rows, {
      ...options,
      steps: undefined,
      epochs: 3,
      rowsPerStep: 3,
      warmup: 0.34,
      schedule: "linear",
    });
    expect(made).toHaveLength(9);
    const rates = made.map((s) => s.learningRate / options.learningRate);
    [1 / 3, 2 / 3, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6].forEach((rate, i) => {
      expect(rates[i]).toBeCloseTo(rate, 12);
    });
  });

  it("measures held-out rows, stops when they get worse, and gives the best parameters", async () => {
    // held-out rows that the training unlearns: the same prompts with other targets
    const heldOut = traceOf("elsewhere", 30).ids;
    const evaluation = { examples: [{ ids: heldOut, lossWeight: heldOut.map(() => 1) }], every: 2, patience: 2 };
    const notes: string[] = [];
    const fast = { ...options, steps: 60, learningRate: 2e-2, evaluation, onNote: (note: string) => notes.push(note) };
    const trained = await trainLora(checkpoint, rows, fast);
    const measured = trained.steps.filter((s) => s.evalLoss !== undefined);
    expect(trained.steps.length).toBeLessThan(60);
    expect(measured.every((s) => s.step % 2 === 0)).toBe(true);
    const least = Math.min(...measured.map((s) => s.evalLoss as number));
    expect(measured.find((s) => s.evalLoss === least)?.step).toBe(trained.step);
    expect(measured.at(-1)?.step).toBe(trained.step + 4);
    expect(notes[0]).toContain("2 measurements without a lower held-out loss");
    const short = await trainLora(checkpoint, rows, { ...fast, evaluation: undefined, schedule: "constant", steps: 1 });
    expect(parametersOf(short)).not.toEqual(parametersOf(trained));
  });

  it("goes on from its last checkpoint to the very same end, and only from its own", async () => {
    const folder = join(root, "checkpoints");
    const evaluation = { examples: rows.slice(0, 2), every: 2, patience: 5 };
    const long: LoraTraining = { ...options, steps: 9, lora: { ...options.lora, dropout: 0.2 }, evaluation };
    const whole = await trainLora(checkpoint, rows, long);
    const stop = new AbortController();
    const cut = trainLora(checkpoint, rows, {
      ...long,
      checkpoints: { folder, every: 2 },
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 5) stop.abort();
      },
    });
    await expect(cut).rejects.toMatchObject({ _tag: "Interrupted" });
    expect(readdirSync(folder)).toEqual(["step-4"]);
    const notes: string[] = [];
    const resumed = await trainLora(checkpoint, rows, {
      ...long,
      checkpoints: { folder, every: 2 },
      onNote: (note) => notes.push(note),
    });
    expect(notes[0]).toBe("goes on after step 4 of 9");
    expect(losses(resumed)).toEqual(losses(whole));
    expect(resumed.steps.map((s) => s.evalLoss)).toEqual(whole.steps.map((s) => s.evalLoss));
    expect(parametersOf(resumed)).toEqual(parametersOf(whole));
    expect(resumed.step).toBe(whole.step);

    const others: string[] = [];
    await trainLora(checkpoint, rows.slice(1), {
      ...long,
      steps: 2,
      checkpoints: { folder, every: 2 },
      onNote: (note) => others.push(note),
    });
    expect(others.filter((note) => note.startsWith("goes on"))).toEqual([]);
    expect(existsSync(join(folder, "step-9"))).toBe(false);
    expect(loadProgress(folder, "another")).toBeUndefined();
    expect(loadProgress(join(root, "nowhere"), "any")).toBeUndefined();
  });
});

describe("validation", () => {
  /** Rates by the number of the measurement; remembers what was measured. */
  const watch = (rates: ReadonlyArray<readonly [asr: number, overRefusal: number]>, over: Partial<Validation> = {}) => {
    const seen: HostTensors[] = [];
    const validation: Validation = {
      every: 2,
      identity: "prompts",
      measure: async (parameters) => {
        const [asr, overRefusal] = rates[seen.push(parameters) - 1] as readonly [number, number];
        return { asr, overRefusal };
      },
      ...over,
    };
    return { validation, seen };
  };
  const long: LoraTraining = { ...options, steps: 10 };

  it("ends at the rate asked for, with the parameters that reach it", async () => {
    const { validation, seen } = watch(
      [
        [0.9, 0],
        [0.04, 0.1],
      ],
      { stopAt: 0.05 },
    );
    const notes: string[] = [];
    const trained = await trainLora(checkpoint, rows, { ...long, validation, onNote: (note) => notes.push(note) });
    expect(trained.steps.map((s) => s.validation?.asr)).toEqual([undefined, 0.9, undefined, 0.04]);
    expect(trained.step).toBe(4);
    expect(notes).toEqual(["stopped after step 4: the attack success rate is 0.040, at most 0.05"]);
    expect(parametersOf(trained)).toEqual(Object.values(seen[1] as HostTensors).flatMap((t) => Array.from(floats(t))));
    expect(seen[0]).not.toEqual(seen[1]);
  });

  it("ends when patience does, with the best; measured alone it changes nothing", async () => {
    const rates = [
      [0.5, 0.3],
      [0.5, 0.1],
      [0.5, 0.1],
      [0.6, 0],
      [0, 0],
    ] as const;
    const patient = await trainLora(checkpoint, rows, {
      ...long,
      validation: watch(rates, { patience: 2 }).validation,
    });
    expect(patient.steps).toHaveLength(8);
    expect(patient.step).toBe(4); // of equal attack success the lower over-refusal, of equal both the earlier
    const measured = await trainLora(checkpoint, rows, { ...long, validation: watch(rates).validation });
    const plain = await trainLora(checkpoint, rows, long);
    expect(measured.step).toBe(10);
    expect(parametersOf(measured)).toEqual(parametersOf(plain));
  });

  it("goes on after a crash where it was, and starts anew for other prompts", async () => {
    const rates = [
      [0.5, 0],
      [0.2, 0],
      [0.4, 0],
      [0.4, 0],
      [0.4, 0],
    ] as const;
    const folder = join(root, "validated");
    const whole = await trainLora(checkpoint, rows, { ...long, validation: watch(rates, { patience: 3 }).validation });
    const stop = new AbortController();
    const cut = trainLora(checkpoint, rows, {
      ...long,
      validation: watch(rates, { patience: 3 }).validation,
      checkpoints: { folder, every: 2 },
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 7) stop.abort();
      },
    });
    await expect(cut).rejects.toMatchObject({ _tag: "Interrupted" });
    const resumed = await trainLora(checkpoint, rows, {
      ...long,
      validation: watch(rates.slice(3), { patience: 3 }).validation,
      checkpoints: { folder, every: 2 },
    });
    expect(resumed.steps.map((s) => s.validation?.asr)).toEqual(whole.steps.map((s) => s.validation?.asr));
    expect(resumed.step).toBe(4);
    expect(parametersOf(resumed)).toEqual(parametersOf(whole));
    const notes: string[] = [];
    await trainLora(checkpoint, rows, {
      ...long,
      steps: 2,
      validation: watch(rates, { patience: 3, identity: "other prompts" }).validation,
      checkpoints: { folder, every: 2 },
      onNote: (note) => notes.push(note),
    });
    expect(notes.filter((note) => note.startsWith("goes on"))).toEqual([]);
  });

  it("refuses what makes no sense", async () => {
    const train = (over: Partial<LoraTraining>) => trainLora(checkpoint, rows, { ...long, ...over });
    await expect(train({ validation: watch([], { stopAt: 2 }).validation })).rejects.toThrow("must be in [0, 1]");
    await expect(train({ validation: watch([], { every: 0 }).validation })).rejects.toThrow("validation.every is 0");
    await expect(
      train({
        validation: watch([], { patience: 1 }).validation,
        evaluation: { examples: rows.slice(0, 2), every: 1, patience: 1 },
      }),
    ).rejects.toThrow("cannot both decide");
  });
});

describe("feeds", () => {
  it("keep about the share of the adapter's inputs that they should", () => {
    const dropout = { rate: 0.25, seed: 1, step: 3 };
    const modules = [{ layer: 0, linear: "self_attn.q_proj", module: "m", rank: 1, scale: 1 } as const];
    const [part] = stepFeeds(rows, { config, kl: false, preference: false, dropout: modules }, {}, dropout);
    const [a, b] = ["dropout_rows", "dropout_columns/m"].map((n) => part?.feeds[n]?.data as BigInt64Array);
    const keep = part?.feeds["dropout_keep"]?.data[0] as bigint;
    let kept = 0;
    let all = 0;
    for (const x of a as BigInt64Array)
      for (const y of b as BigInt64Array) {
        if (x === 0n) continue; // padding
        all++;
        if ((x * y) % 2147483647n < keep) kept++;
      }
    // 5 standard deviations of a binomial share of this many draws
    expect(Math.abs(kept / all - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / all));
    expect(floats(part?.feeds["dropout_factor"])[0]).toBeCloseTo(4 / 3, 6);
  });
});
