/**
 * A training on disk: parameters, Adam's moments, the steps made and the best parameters so far. A checkpoint is a folder that
 * is renamed into place, so that a kill leaves the one before or the new one, never a part.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readFileTextSync } from "@precipice/files";
import { CheckpointError, type FloatTensor, readFloats, readHeader, writeSafetensors } from "@precipice/model";
import type { HostTensor, HostTensors, TrainerState } from "@precipice/onnx";
import type { Score } from "./early-stop.ts";
import type { TrainingStep } from "./training-options.ts";

export interface Best {
  readonly step: number;
  /** What it was measured by; lower is better. */
  readonly score: Score;
  readonly parameters: HostTensors;
}

export interface TrainingProgress {
  readonly trainer: TrainerState;
  readonly steps: ReadonlyArray<TrainingStep>;
  readonly best: Best | undefined;
  /** Measurements since the best one. */
  readonly since: number;
}

interface Saved {
  /** Digest of data and options: a checkpoint of another training is not gone on from. */
  readonly training: string;
  readonly steps: ReadonlyArray<TrainingStep>;
  readonly best?: { readonly step: number; readonly score: Score };
  readonly since: number;
}

const NAME = /^step-(\d+)$/;
const BEST = "best/";

const asFloat = ({ dims, data }: HostTensor): FloatTensor => ({ shape: dims, data: data as Float32Array });

const flush = (path: string): void => {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** Write a checkpoint into `folder` and drop the older ones. */
export const saveProgress = (folder: string, training: string, progress: TrainingProgress): void => {
  const { trainer, steps, best, since } = progress;
  const target = join(folder, `step-${trainer.step}`);
  const written = `${target}.${process.pid}.tmp`;
  rmSync(written, { recursive: true, force: true });
  mkdirSync(written, { recursive: true });
  const tensors = Object.fromEntries([
    ...Object.entries(trainer.tensors).map(([name, t]) => [name, asFloat(t)] as const),
    ...Object.entries(best?.parameters ?? {}).map(([name, t]) => [`${BEST}${name}`, asFloat(t)] as const),
  ]);
  const saved: Saved = {
    training,
    steps,
    since,
    ...(best === undefined ? {} : { best: { step: best.step, score: best.score } }),
  };
  writeSafetensors(join(written, "state.safetensors"), tensors);
  writeFileSync(join(written, "progress.json"), JSON.stringify(saved));
  for (const name of ["state.safetensors", "progress.json"]) flush(join(written, name));
  rmSync(target, { recursive: true, force: true });
  renameSync(written, target);
  for (const name of readdirSync(folder)) {
    if (/^step-\d+/.test(name) && join(folder, name) !== target)
      rmSync(join(folder, name), { recursive: true, force: true });
  }
};

/** The last whole checkpoint of this training in `folder`; undefined where there is none, or one of other data or options. */
export const loadProgress = (folder: string, training: string): TrainingProgress | undefined => {
  if (!existsSync(folder)) return undefined;
  const last = Math.max(...readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? -1)));
  if (!(last >= 0)) return undefined;
  const place = join(folder, `step-${last}`);
  const saved = readSaved(join(place, "progress.json"));
  if (saved.training !== training) return undefined;
  const tensors: Record<string, HostTensor> = {};
  const kept: Record<string, HostTensor> = {};
  for (const [name, entry] of readHeader(join(place, "state.safetensors"))) {
    const tensor: HostTensor = { dtype: "float32", dims: entry.shape, data: readFloats(entry) };
    if (name.startsWith(BEST)) kept[name.slice(BEST.length)] = tensor;
    else tensors[name] = tensor;
  }
  const best = saved.best === undefined ? undefined : { ...saved.best, parameters: kept };
  return { trainer: { step: last, tensors }, steps: saved.steps, best, since: saved.since };
};

const readSaved = (file: string): Saved => {
  try {
    return JSON.parse(readFileTextSync(file)) as Saved;
  } catch (error) {
    const problem = `cannot be read: ${(error as Error).message}`;
    throw new CheckpointError({ file, place: "", problem, remedy: "delete the folder to train from the start" });
  }
};
