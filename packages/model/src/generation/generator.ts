/**
 * Text generation by a decoder, in worker threads. Rows are dealt to the workers in turn; a row's result depends on the row
 * alone, so neither the number of workers nor the batch size shows in the text.
 */
import { WorkerHost } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import type { RenormMode } from "../decoder/head-scale.ts";
import { DecoderError } from "../errors.ts";
import { decodeProgram } from "../programs/decode.ts";
import { forwardProgram } from "../programs/forward.ts";
import type { GenerateArgs, GenerateEvent, OpenArgs } from "./generate-worker.ts";
import type { GeneratedRow, GenerationOptions, GenerationRow, HeadScale } from "./request.ts";

export interface GeneratorOptions {
  /** Longest sequence, prompt included. Default: the model's own limit, at most 4096. */
  readonly maxTokens?: number;
  /** Rows decoded together in one worker. Default 32. */
  readonly batch?: number;
  /** Worker threads. Default 2. */
  readonly workers?: number;
  /** onnxruntime threads in each worker. Default 1. */
  readonly threads?: number;
  /** Build the programs with head scaling of this mode; needed to pass `headScale`. */
  readonly headScale?: RenormMode | undefined;
}

export interface GenerateCall extends GenerationOptions {
  readonly headScale?: HeadScale | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A row is done (in order of completion). */
  readonly onRow?: (row: GeneratedRow) => void;
  /** Tokens made since the last call. */
  readonly onTokens?: (count: number) => void;
}

export class Generator {
  readonly #workers: ReadonlyArray<WorkerHost>;
  readonly #maxTokens: number;
  readonly #neutral: HeadScale | undefined;

  private constructor(workers: ReadonlyArray<WorkerHost>, maxTokens: number, neutral: HeadScale | undefined) {
    this.#workers = workers;
    this.#maxTokens = maxTokens;
    this.#neutral = neutral;
  }

  /** Build the programs and load them in every worker. Rejects with `SessionError`. */
  static async open(checkpoint: Checkpoint, options: GeneratorOptions = {}): Promise<Generator> {
    const { config } = checkpoint;
    const {
      maxTokens = Math.min(config.maxPositions, 4096),
      batch = 32,
      workers = 2,
      threads = 1,
      headScale,
    } = options;
    const args: OpenArgs = {
      prefill: forwardProgram(checkpoint, { maxTokens, logits: true, keyValues: true, headScale }),
      decode: decodeProgram(checkpoint, maxTokens, headScale),
      model: {
        layers: config.layers,
        heads: config.heads,
        kvHeads: config.kvHeads,
        headDim: config.headDim,
        vocab: config.vocab,
        maxRows: batch,
        maxTokens,
        stopIds: config.eosIds,
      },
      options: { threads },
    };
    const hosts = Array.from({ length: workers }, () => new WorkerHost("generate-worker", import.meta.url));
    try {
      await Promise.all(hosts.map((host) => host.call("open", args)));
      const ones = new Float32Array(config.layers * config.heads).fill(1);
      return new Generator(
        hosts,
        maxTokens,
        headScale === undefined ? undefined : { scale: ones, renorm: headScale, scope: "generated" },
      );
    } catch (error) {
      await Promise.all(hosts.map((host) => host.close()));
      throw error;
    }
  }

  /** Continue every row; results in the rows' order. Rejects with `DecoderError`, `SessionError` or `Interrupted`. */
  async generate(rows: ReadonlyArray<GenerationRow>, call: GenerateCall): Promise<ReadonlyArray<GeneratedRow>> {
    const { headScale, signal, onRow, onTokens, ...options } = call;
    if (headScale !== undefined && this.#neutral?.renorm !== headScale.renorm) {
      throw new DecoderError({
        what: "headScale",
        problem: `the generator was opened for renorm mode ${this.#neutral?.renorm ?? "(no head scaling)"}, not ${headScale.renorm}`,
      });
    }
    rows.forEach((row, i) => {
      if (row.ids.length >= this.#maxTokens)
        throw new DecoderError({
          what: `row ${i}`,
          problem: `has ${row.ids.length} tokens; the limit with the answer is ${this.#maxTokens}`,
        });
    });
    const results: GeneratedRow[] = [];
    // With head scaling built in, an unscaled call still needs its inputs.
    const scale = headScale ?? this.#neutral;
    await Promise.all(
      this.#workers.map(async (host, w) => {
        const indices = rows.flatMap((_, i) => (i % this.#workers.length === w ? [i] : []));
        if (indices.length === 0) return;
        const args: GenerateArgs = { rows: indices.map((i) => rows[i] as GenerationRow), options, headScale: scale };
        await host.call("generate", args, {
          signal,
          onEvent: (event) => {
            const news = event as GenerateEvent;
            if ("tokens" in news) return onTokens?.(news.tokens);
            const row = { ...news.row, index: indices[news.row.index] as number };
            results[row.index] = row;
            onRow?.(row);
          },
        });
      }),
    );
    return results;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((host) => host.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
