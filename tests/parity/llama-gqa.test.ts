/** The Llama decoder against numbers of transformers, PEFT and torch: forward, ablation, generation, gradients, training. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Checkpoint,
  decoderTrainingProgram,
  type ForwardRequest,
  forwardProgram,
  Generator,
  gradientProgram,
  hookZ,
  type Linear,
  type LoraShape,
  loraShapes,
  padRows,
  readFloats,
  readHeader,
  readInts,
  residPost,
  trainingFeeds,
} from "@precipice/model";
import { type HostTensor, type HostTensors, Session, Trainer } from "@precipice/onnx";
import { describe, expect, it } from "vitest";
import { expectClose, relativeError, TOLERANCE } from "../support/compare.ts";
import { fixture } from "../support/fixtures.ts";

const folder = fixture("reference/llama-gqa");
const checkpoint = Checkpoint.open(folder);
const { config } = checkpoint;
const golden = readHeader(join(folder, "golden.safetensors"));
const entry = (name: string) => {
  const found = golden.get(name);
  if (found === undefined) throw new Error(`the reference has no tensor ${name}`);
  return found;
};
const floats = (name: string) => readFloats(entry(name));
const ints = (name: string) => readInts(entry(name));
const sequences = [0, 1, 2].map((i) => ints(`seq${i}.input_ids`));
const weights = [0, 1, 2].map((i) => ints(`seq${i}.loss_mask`));
const batchTokens = Math.max(...sequences.map((s) => s.length));

/** Values of a left-padded `[batch, token, …]` reference at real tokens, row after row. */
const unpadded = (name: string, width: number): Float32Array => {
  const values = floats(name);
  const parts = sequences.map((s, b) =>
    values.subarray(((b + 1) * batchTokens - s.length) * width, (b + 1) * batchTokens * width),
  );
  return Float32Array.from(parts.flatMap((p) => Array.from(p)));
};
/** The same of our right-padded output `[batch · token, …]`. */
const rightUnpadded = (values: Float32Array, width: number): Float32Array =>
  Float32Array.from(
    sequences.flatMap((s, b) =>
      Array.from(values.subarray(b * batchTokens * width, (b * batchTokens + s.length) * width)),
    ),
  );

const run = async (request: ForwardRequest, rows: ReadonlyArray<ArrayLike<number>>, feeds: HostTensors = {}) => {
  await using session = await Session.open(forwardProgram(checkpoint, request));
  return session.run({ input_ids: padRows(rows, config.vocab).ids, ...feeds });
};
const data = (tensor: HostTensor | undefined) => tensor?.data as Float32Array;
const scaleOf = (gamma: number): HostTensor => {
  const scale = new Float32Array(config.layers * config.heads).fill(1);
  scale[1 * config.heads + 0] = gamma;
  scale[2 * config.heads + 3] = gamma;
  return { dtype: "float32", dims: [config.layers, config.heads], data: scale };
};
const ones = (n: number): HostTensor => ({ dtype: "float32", dims: [n], data: new Float32Array(n).fill(1) });

describe("forward", () => {
  it("reads both config spellings alike", async () => {
    const { readConfig } = await import("@precipice/model");
    expect(readConfig(folder, "config.v5.json")).toEqual(config);
  });

  it.each([0, 1, 2])("matches logits, residual stream, heads and attention of sequence %i alone", async (i) => {
    const layers = Array.from({ length: config.layers }, (_, l) => l);
    const out = await run(
      {
        maxTokens: 128,
        everyToken: true,
        logits: true,
        capture: ["hook_embed", ...layers.map(residPost), ...layers.map(hookZ), "ln_final.hook_normalized"],
        patterns: layers,
      },
      [sequences[i] as Int32Array],
    );
    expectClose("logits", data(out["logits"]), floats(`seq${i}.logits`), TOLERANCE.activations);
    const hidden = ["hook_embed", ...layers.slice(0, -1).map(residPost), "ln_final.hook_normalized"].flatMap((s) =>
      Array.from(data(out[s])),
    );
    expectClose("hidden_states", hidden, floats(`seq${i}.hidden_states`), TOLERANCE.activations);
    expectClose("prenorm", data(out[residPost(config.layers - 1)]), floats(`seq${i}.prenorm`), TOLERANCE.activations);
    expectClose(
      "head_out",
      layers.flatMap((l) => Array.from(data(out[hookZ(l)]))),
      floats(`seq${i}.head_out`),
      TOLERANCE.activations,
    );
    expectClose(
      "attn",
      layers.flatMap((l) => Array.from(data(out[`blocks.${l}.attn.hook_pattern`]))),
      floats(`seq${i}.attn`),
      TOLERANCE.attention,
    );
  });

  it("matches a padded batch of all three", async () => {
    const out = await run({ maxTokens: 128, everyToken: true, logits: true }, sequences);
    expectClose(
      "logits",
      rightUnpadded(data(out["logits"]), config.vocab),
      unpadded("padded.logits", config.vocab),
      TOLERANCE.activations,
    );
  });

  it("matches a long sequence", async () => {
    const ids = ints("long.input_ids");
    const last = BigInt64Array.from([4n, 3n, 2n, 1n], (k) => BigInt(ids.length) - k);
    const out = await run({ maxTokens: 128, logits: true }, [ids], {
      capture_index: { dtype: "int64", dims: [4], data: last },
    });
    expectClose("long.logits_last4", data(out["logits"]), floats("long.logits_last4"), TOLERANCE.activations);
  });

  it.each([
    ["g0", 0, "plain"],
    ["g0", 0, "renorm"],
    ["g05", 0.5, "plain"],
    ["g05", 0.5, "renorm"],
  ] as const)("matches heads scaled by %s (%d), %s", async (name, gamma, mode) => {
    const last = residPost(config.layers - 1);
    const request = {
      maxTokens: 128,
      everyToken: true,
      logits: true,
      capture: [last],
      headScale: mode === "plain" ? "none" : "token",
    } as const;
    const out = await run(request, sequences, { head_scale: scaleOf(gamma), head_gate: ones(3 * batchTokens) });
    expectClose(
      "logits",
      rightUnpadded(data(out["logits"]), config.vocab),
      unpadded(`ablate.${name}.${mode}.logits`, config.vocab),
      TOLERANCE.activations,
    );
    expectClose(
      "prenorm",
      rightUnpadded(data(out[last]), config.hidden),
      unpadded(`ablate.${name}.${mode}.prenorm`, config.hidden),
      TOLERANCE.activations,
    );
  });
});

describe("generation", () => {
  it("repeats the greedy tokens, their logits, and a batch of prompts", async () => {
    await using generator = await Generator.open(checkpoint, { workers: 1, batch: 3, maxTokens: 64 });
    const [row] = await generator.generate([{ ids: Array.from(ints("gen.prompt")), seed: 0 }], {
      maxNewTokens: 24,
      stopIds: [],
      recordLogits: true,
    });
    expect(row?.ids).toEqual(Array.from(ints("gen.tokens")));
    expectClose("gen.step_logits", row?.logits as Float32Array, floats("gen.step_logits"), TOLERANCE.activations);

    const [prompts, mask, tokens] = [ints("genbatch.prompt"), ints("genbatch.mask"), ints("genbatch.tokens")];
    const width = prompts.length / 3;
    const rows = [0, 1, 2].map((b) => ({
      seed: b,
      ids: Array.from(prompts.subarray(b * width, (b + 1) * width)).filter((_, t) => mask[b * width + t] === 1),
    }));
    const out = await generator.generate(rows, { maxNewTokens: 24, stopIds: [] });
    expect(out.flatMap((r) => r.ids)).toEqual(Array.from(tokens));
  });

  it.each([
    ["plain", "none"],
    ["renorm", "token"],
  ] as const)("repeats the tokens with heads ablated, %s", async (name, renorm) => {
    await using generator = await Generator.open(checkpoint, { workers: 1, maxTokens: 64, headScale: renorm });
    const headScale = { scale: data(scaleOf(0)), renorm, scope: "all" } as const;
    const [row] = await generator.generate([{ ids: Array.from(ints("gen.prompt")), seed: 0 }], {
      maxNewTokens: 24,
      stopIds: [],
      recordLogits: true,
      headScale,
    });
    expect(row?.ids).toEqual(Array.from(ints(`gen.ablate.${name}.tokens`)));
    expectClose(
      "step_logits",
      row?.logits as Float32Array,
      floats(`gen.ablate.${name}.step_logits`),
      TOLERANCE.activations,
    );
  });
});

const trainingRows = (indices: ReadonlyArray<number>) =>
  trainingFeeds(
    indices.map((i) => ({ ids: sequences[i] as Int32Array, lossWeight: weights[i] as Int32Array })),
    config.vocab,
  );

describe.each(["qv", "all"] as const)("LoRA on %s", (name) => {
  const adapter = join(folder, `lora_${name}`);
  const settings = JSON.parse(readFileSync(join(adapter, "adapter_config.json"), "utf8")) as {
    r: number;
    lora_alpha: number;
    target_modules: string[];
  };
  const LINEAR_OF: Record<string, Linear> = {
    q_proj: "self_attn.q_proj",
    k_proj: "self_attn.k_proj",
    v_proj: "self_attn.v_proj",
    o_proj: "self_attn.o_proj",
    gate_proj: "mlp.gate_proj",
    up_proj: "mlp.up_proj",
    down_proj: "mlp.down_proj",
  };
  const lora: LoraShape = {
    rank: settings.r,
    alpha: settings.lora_alpha,
    targets: settings.target_modules.map((m) => LINEAR_OF[m] as Linear),
  };
  const entries = readHeader(join(adapter, "adapter_model.safetensors"));
  const parameters: Record<string, HostTensor> = Object.fromEntries(
    [...loraShapes(config, lora)].map(([key, dims]) => {
      const found = entries.get(key);
      if (found === undefined) throw new Error(`adapter lacks ${key}`);
      return [key, { dtype: "float32", dims, data: readFloats(found) }];
    }),
  );
  const grads = (key: string) => floats(`lora_${name}.grad.${key}`);

  it("has exactly the adapter's parameters", () => {
    expect([...entries.keys()].sort()).toEqual(Object.keys(parameters).sort());
  });

  it("gives the golden logits", async () => {
    const out = await run({ maxTokens: 128, everyToken: true, logits: true, lora }, sequences, parameters);
    expectClose(
      "logits",
      rightUnpadded(data(out["logits"]), config.vocab),
      unpadded(`lora_${name}.logits`, config.vocab),
      TOLERANCE.activations,
    );
  });

  it("gives the golden loss and gradients", async () => {
    await using session = await Session.open(gradientProgram(checkpoint, { maxTokens: 128, train: { lora } }));
    const out = await session.run({ ...trainingRows([0, 1, 2]), ...parameters });
    expect(Math.abs(Number(data(out["loss"])[0]) - (floats(`lora_${name}.losses`)[0] as number))).toBeLessThanOrEqual(
      1e-5,
    );
    for (const key of Object.keys(parameters))
      expect(relativeError(data(out[`grad/${key}`]), grads(key)), key).toBeLessThanOrEqual(3e-5);
  });

  const train = async (clipNorm: number | undefined, steps: ReadonlyArray<ReadonlyArray<number>>) => {
    const optimizer = { weightDecay: 0.01, clipNorm };
    await using trainer = await Trainer.open(
      decoderTrainingProgram(checkpoint, { maxTokens: 128, train: { lora }, optimizer }),
      parameters,
    );
    const losses: number[] = [];
    const norms: number[] = [];
    for (const rows of steps) {
      const { loss, gradNorm } = await trainer.step(trainingRows(rows), 1e-3);
      losses.push(loss);
      norms.push(gradNorm);
    }
    return { losses, norms, parameters: await trainer.parameters() };
  };
  const check = (found: Awaited<ReturnType<typeof train>>, suffix: string, losses: string, norms: string) => {
    expectClose(losses, found.losses, floats(losses).subarray(0, found.losses.length), TOLERANCE.loss);
    floats(norms).forEach((norm, i) => {
      expect(Math.abs((found.norms[i] as number) - norm) / norm, `${norms}[${i}]`).toBeLessThanOrEqual(2e-5);
    });
    for (const key of Object.keys(parameters))
      expectClose(key, data(found.parameters[key]), floats(`lora_${name}.${suffix}.${key}`), TOLERANCE.adamw);
  };
  const whole = Array.from({ length: 5 }, () => [0, 1, 2]);

  it("repeats 5 AdamW steps", async () => {
    check(await train(undefined, whole), "adamw5", `lora_${name}.losses`, `lora_${name}.grad_norms`);
  });
  it("repeats 5 AdamW steps with clipping", async () => {
    check(await train(1, whole), "adamw5_clip", `lora_${name}.losses_clip`, `lora_${name}.grad_norms_clip`);
  });
  it("repeats 6 AdamW steps on changing sequences", async () => {
    check(
      await train(1, [[0], [1], [2], [0], [1], [2]]),
      "cycle.adamw6",
      `lora_${name}.cycle.losses`,
      `lora_${name}.cycle.grad_norms`,
    );
  });
});

describe("masked loss", () => {
  it("matches nll per token and the mean over the whole batch", async () => {
    const [first] = loraShapes(config, { rank: 1, alpha: 1, targets: ["self_attn.q_proj"] });
    const lora: LoraShape = { rank: 1, alpha: 1, targets: ["self_attn.q_proj"] };
    const zero = Object.fromEntries(
      [...loraShapes(config, lora)].map(([key, dims]) => [
        key,
        { dtype: "float32", dims, data: new Float32Array(dims[0] * dims[1]) } as HostTensor,
      ]),
    );
    expect(first).toBeDefined();
    await using session = await Session.open(gradientProgram(checkpoint, { maxTokens: 128, train: { lora } }));
    const out = await session.run({ ...trainingRows([0, 1, 2]), ...zero });
    expectClose("loss", data(out["loss"]), floats("loss"), TOLERANCE.loss);
    const nll = data(out["nll"]); // at position t: of token t + 1
    const found = sequences.flatMap((s, b) =>
      Array.from({ length: s.length - 1 }, (_, t) => nll[b * batchTokens + t] as number),
    );
    const reference = floats("nll");
    const want = sequences.flatMap((s, b) =>
      Array.from({ length: s.length - 1 }, (_, t) => reference[(b + 1) * batchTokens - s.length + t + 1] as number),
    );
    expectClose("nll", found, want, TOLERANCE.nll);
  });
});
