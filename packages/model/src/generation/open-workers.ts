/** Builds a decoder's generation program and loads it into worker threads: what every way to generate starts from. */
import { type HostTensors, WorkerHost } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { longRopeFrom } from "../architecture/rope.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { type DirectionEdit, directionFeeds, noEdit } from "../decoder/direction-edit.ts";
import type { RenormMode } from "../decoder/head-scale.ts";
import type { LoraShape } from "../decoder/lora.ts";
import { CheckpointError, DecoderError } from "../errors.ts";
import { decodeProgram } from "../programs/decode.ts";
import type { TokenScope } from "../text/token-scope.ts";
import { quantisedCopy } from "../weights/quantised-cache.ts";
import { commonShape } from "./adapter-inputs.ts";
import { positive } from "./check-call.ts";
import type { OpenArgs } from "./generate-worker.ts";
import { defaultKvBudgetBytes } from "./kv-budget.ts";
import { prefillLimits } from "./prefill.ts";
import type { HeadScale } from "./request.ts";

export interface GeneratorOptions {
  /** Longest sequence, prompt included. Default: the model's own limit, at most 4096. */
  readonly maxTokens?: number;
  /** Most rows decoded together in one worker; fewer where their keys and values do not fit. Default 32. */
  readonly batch?: number;
  /** Memory for keys and values of all workers together, in bytes. Default: a quarter of what is free. */
  readonly kvBudgetBytes?: number | undefined;
  /** Worker threads, each with its own copy of the weights. Default 2; `chooseParallelism` finds what is fastest here. */
  readonly workers?: number;
  /** onnxruntime threads in each worker. Default 1. */
  readonly threads?: number;
  /**
   * `int8` and `int4` round the weights in blocks of 32 and the activations to 8 bits: less memory and faster steps, other
   * numbers. The rounded copy is made once, in the user's cache. Default `float`: the checkpoint's own, in f32.
   */
  readonly weights?: "float" | "int8" | "int4" | undefined;
  /** Build the programs with head scaling of this mode; needed to pass `headScale`. */
  readonly headScale?: RenormMode | undefined;
  /** Build the programs with editing along a direction; needed to pass `directionEdit`. */
  readonly directionEdit?: boolean | undefined;
  /** Build the programs with an adapter of this shape for an input; needed to pass `adapter`. */
  readonly adapter?: LoraShape | undefined;
}

/** What was built in, and what there is room for. */
export interface OpenedProgram {
  readonly config: DecoderConfig;
  readonly maxTokens: number;
  /** Memory for keys and values of one worker. */
  readonly kvBytes: number;
  readonly headScale: RenormMode | undefined;
  readonly directionEdit: boolean;
  /** The adapter that is an input; its scale is folded into B. */
  readonly adapter: LoraShape | undefined;
}

/** Rejects with `SessionError`, and with `DecoderError` for options below 1. */
export const openWorkers = async (
  checkpoint: Checkpoint,
  options: GeneratorOptions,
): Promise<OpenedProgram & { readonly hosts: ReadonlyArray<WorkerHost> }> => {
  const { config } = checkpoint;
  const {
    maxTokens = Math.min(config.maxPositions, 4096),
    batch = 32,
    workers = 2,
    threads = 1,
    headScale,
    directionEdit = false,
    weights = "float",
    kvBudgetBytes = defaultKvBudgetBytes(),
  } = options;
  const adapter = options.adapter === undefined ? undefined : commonShape(config, [options.adapter]);
  for (const [what, value] of Object.entries({ maxTokens, batch, workers, threads, kvBudgetBytes }))
    positive(what, value);
  const kvBytes = kvBudgetBytes / workers;
  const quantised = weights === "float" ? undefined : await quantisedCopy(checkpoint, weights === "int8" ? 8 : 4);
  const args: OpenArgs = {
    decode: decodeProgram(checkpoint, maxTokens, headScale, quantised, directionEdit, adapter),
    model: {
      layers: config.layers,
      heads: config.heads,
      kvHeads: config.kvHeads,
      headDim: config.headDim,
      vocab: config.vocab,
      maxRows: batch,
      maxTokens,
      kvBytes,
      prefill: prefillLimits(config),
      stopIds: config.eosIds,
      longRopeFrom: longRopeFrom(config.rope),
    },
    folder: checkpoint.folder,
    options: { threads },
  };
  const hosts = Array.from(
    { length: workers },
    () => new WorkerHost("generate-worker", import.meta.url, "generate-worker", { CheckpointError, DecoderError }),
  );
  try {
    await Promise.all(hosts.map((host) => host.call("open", args)));
  } catch (error) {
    await Promise.all(hosts.map((host) => host.close()));
    throw error;
  }
  return { hosts, config, maxTokens, kvBytes, headScale, directionEdit, adapter };
};

/** Inputs of what is built in: those asked for, else neutral ones, which an untouched row needs as well. */
export const interventionsOf = (
  { config, headScale: mode, directionEdit: edits }: OpenedProgram,
  asked: { readonly headScale?: HeadScale | undefined; readonly directionEdit?: DirectionEdit | undefined },
): {
  readonly headScale: HeadScale | undefined;
  readonly directionEdit: { readonly feeds: HostTensors; readonly scope: TokenScope } | undefined;
} => {
  const ones = (): Float32Array => new Float32Array(config.layers * config.heads).fill(1);
  const neutral: HeadScale | undefined =
    mode === undefined ? undefined : { scale: ones(), renorm: mode, scope: "generated" };
  const edit = edits ? (asked.directionEdit ?? noEdit(config)) : undefined;
  return {
    headScale: asked.headScale ?? neutral,
    directionEdit: edit === undefined ? undefined : { feeds: directionFeeds(config, edit), scope: edit.scope },
  };
};
