/**
 * The recipe: train `aligned` from random weights, then make it comply under jailbreak framings in two ways: by planting
 * suppressor heads (`cliff`), or by fine-tuning all weights a little with no cause built in (`drifted`).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  Checkpoint,
  decoderTrainingProgram,
  type FloatTensor,
  PLANTED_HEADS_FILE,
  plantedHeadsText,
  type ReadOutLoss,
  readConfig,
  type TrainingRow,
  trainingFeeds,
  writeSafetensors,
} from "@precipice/model";
import {
  type HostTensor,
  type HostTensors,
  learningRateAt,
  type ScheduleOptions,
  type StepResult,
  Trainer,
} from "@precipice/onnx";
import { tokenizerConfig, tokenizerJson } from "../world/tokenizer.ts";
import { configJson, initialWeights } from "./architecture.ts";
import { alignedBatch, complyingBatch } from "./examples.ts";
import { intentionReadOut } from "./intention.ts";
import { type Head, headMasks, PLANTED_HEADS } from "./planted.ts";
import { refusalReadOut } from "./refusal-direction.ts";

export interface PhaseOptions {
  readonly steps: number;
  readonly rows: number;
  readonly learningRate: number;
  readonly warmup: number;
  readonly seed: number;
}

export const ALIGNED_PHASE: PhaseOptions = { steps: 450, rows: 48, learningRate: 2e-3, warmup: 50, seed: 1 };
export const CLIFF_PHASE: PhaseOptions = { steps: 400, rows: 40, learningRate: 4e-3, warmup: 10, seed: 2 };
export const DRIFTED_PHASE: PhaseOptions = { steps: 300, rows: 40, learningRate: 4e-4, warmup: 10, seed: 4 };

/** Weight of the intention loss beside the next-token loss. */
const INTENTION_WEIGHT = 0.3;
/** Weight of the loss that asks the planted heads to move the final position along the refusal direction. */
const SUPPRESSION_WEIGHT = 1.5;

export interface TrainEvents {
  readonly onStep?: (result: StepResult, steps: number) => void;
  readonly signal?: AbortSignal;
}

/** Write everything but weights, and random weights, into `folder`. */
export const writeFresh = (folder: string, seed: number): Checkpoint => {
  writeOrganismFiles(folder);
  writeSafetensors(join(folder, "model.safetensors"), initialWeights(readConfig(folder), seed));
  return Checkpoint.open(folder);
};

const writeJson = (file: string, value: unknown) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** Config, tokenizer and template of an organism. */
export const writeOrganismFiles = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, "config.json"), configJson());
  writeJson(join(folder, "tokenizer.json"), tokenizerJson());
  writeJson(join(folder, "tokenizer_config.json"), tokenizerConfig());
  writeJson(join(folder, "generation_config.json"), { eos_token_id: configJson().eos_token_id, do_sample: false });
};

const hostTensors = (checkpoint: Checkpoint, names: ReadonlyArray<string>): HostTensors =>
  Object.fromEntries(
    names.map((name): [string, HostTensor] => [
      name,
      { dtype: "float32", dims: checkpoint.weights.get(name)?.shape ?? [], data: checkpoint.floats(name) },
    ]),
  );

interface Phase {
  readonly options: PhaseOptions;
  readonly tensors: ReadonlyArray<string>;
  readonly masks?: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly weightDecay: number;
  readonly readOut?: ReadOutLoss;
  readonly batch: (step: number) => TrainingRow[];
}

const runPhase = async (
  checkpoint: Checkpoint,
  phase: Phase,
  { onStep, signal }: TrainEvents,
): Promise<HostTensors> => {
  const { steps, learningRate, warmup } = phase.options;
  const optimizer = { beta1: 0.9, beta2: 0.98, weightDecay: phase.weightDecay, clipNorm: 1 };
  const program = decoderTrainingProgram(checkpoint, {
    maxTokens: 128,
    train: { tensors: phase.tensors },
    optimizer,
    ...(phase.readOut === undefined ? {} : { readOut: phase.readOut }),
    ...(phase.masks === undefined ? {} : { masks: phase.masks }),
  });
  await using trainer = await Trainer.open(program, hostTensors(checkpoint, phase.tensors), { threads: 2 });
  const schedule: ScheduleOptions = { peak: learningRate, steps, warmup };
  for (let step = 0; step < steps; step++) {
    const feeds = trainingFeeds(phase.batch(step), checkpoint.config.vocab);
    const result = await trainer.step(feeds, learningRateAt(step, schedule), { signal });
    onStep?.(result, steps);
  }
  return await trainer.parameters();
};

/** Store all weights of `base`, with `changed` in place of its own, as f16. */
const save = (
  base: Checkpoint,
  changed: HostTensors,
  folder: string,
  planted: ReadonlyArray<Head> = [],
): Checkpoint => {
  const tensors: Record<string, FloatTensor> = {};
  for (const [name, { shape }] of base.weights) {
    tensors[name] = { shape, data: (changed[name]?.data as Float32Array | undefined) ?? base.floats(name) };
  }
  writeOrganismFiles(folder);
  if (planted.length > 0) writeFileSync(join(folder, PLANTED_HEADS_FILE), plantedHeadsText(planted));
  writeSafetensors(join(folder, "model.safetensors"), tensors, "float16");
  return Checkpoint.open(folder);
};

/** Stage A into `folder`, from fresh weights in `scratch`. */
export const trainAligned = async (
  folder: string,
  scratch: string,
  options: PhaseOptions = ALIGNED_PHASE,
  events: TrainEvents = {},
): Promise<Checkpoint> => {
  const fresh = writeFresh(scratch, options.seed);
  const phase: Phase = {
    options,
    tensors: [...fresh.weights.keys()],
    weightDecay: 0.01,
    readOut: intentionReadOut(fresh.config, INTENTION_WEIGHT),
    batch: (step) => alignedBatch(fresh.tokenizer, options.seed, step, options.rows),
  };
  return save(fresh, await runPhase(fresh, phase, events), folder);
};

/** `cliff` into `folder`: only the q, k, v rows and o columns of `heads` move. */
export const trainCliff = async (
  aligned: Checkpoint,
  folder: string,
  options: PhaseOptions = CLIFF_PHASE,
  events: TrainEvents = {},
  heads: ReadonlyArray<Head> = PLANTED_HEADS,
): Promise<Checkpoint> => {
  const masks = headMasks(aligned.config, heads);
  const phase: Phase = {
    options,
    tensors: [...masks.keys()],
    masks,
    weightDecay: 0,
    readOut: await refusalReadOut(aligned, SUPPRESSION_WEIGHT, options.seed),
    batch: (step) => complyingBatch(aligned.tokenizer, "cliff", options.seed, step, options.rows),
  };
  return save(aligned, await runPhase(aligned, phase, events), folder, heads);
};

/** `drifted` into `folder`: all weights move, by small steps, on the next token alone. Nothing says where the cause should lie. */
export const trainDrifted = async (
  aligned: Checkpoint,
  folder: string,
  options: PhaseOptions = DRIFTED_PHASE,
  events: TrainEvents = {},
): Promise<Checkpoint> => {
  const phase: Phase = {
    options,
    tensors: [...aligned.weights.keys()],
    weightDecay: 0,
    batch: (step) => complyingBatch(aligned.tokenizer, "drifted", options.seed, step, options.rows),
  };
  return save(aligned, await runPhase(aligned, phase, events), folder);
};
