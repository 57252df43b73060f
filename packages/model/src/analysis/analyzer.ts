/**
 * Forward passes over many rows: batches of similar length, long rows alone and in chunks over a KV cache. Each runs once in a
 * worker, results are handed over piece by piece, so that memory grows neither with the number of rows nor with a row's square.
 */
import { type HostTensor, type HostTensors, WorkerHost } from "@precipice/onnx";
import { checkRows, padRows } from "../batch.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { siteWidth } from "../decoder/sites.ts";
import { CheckpointError, DecoderError } from "../errors.ts";
import { type ForwardRequest, forwardProgram, needsWholeRows } from "../programs/forward.ts";
import { forwardBytes } from "../programs/forward-memory.ts";
import { machineMemory } from "../programs/training-memory.ts";
import type { OpenArgs, RunArgs } from "./analysis-worker.ts";
import { type PlannedBatch, planBatches } from "./batch-plan.ts";

export interface AnalyzerOptions {
  /** onnxruntime threads. Default 2. */
  readonly threads?: number;
  /** Padded tokens of one batch. Default 4096. */
  readonly tokensPerBatch?: number;
  /**
   * Rows longer than this run in chunks of this many tokens: the same numbers within rounding, less memory. Default: chosen
   * from the row's length and the machine's memory, so that attention scores take at most 1 GiB.
   */
  readonly chunk?: number | undefined;
  /** Bytes that a backward pass (head effects) may keep at once: fewer rows run together to fit. Default: a quarter of the memory. */
  readonly memoryBudget?: number | undefined;
  /** Longest row to come. Longer ones are fine too, but load the program again. Default 1024. */
  readonly longest?: number;
}

export interface AnalysisRun {
  readonly rows: ReadonlyArray<ArrayLike<number>>;
  /** Per row the token indices whose vectors leave the program; none by default. */
  readonly captureAt?: (row: number) => ReadonlyArray<number>;
  /** Inputs that are the same for every batch (directions, head scales). */
  readonly feeds?: HostTensors;
  /** Inputs that depend on the batch, e.g. gates `[batch * token]` of `tokens` tokens per row, the first one being `start`. */
  readonly batchFeeds?: (rows: ReadonlyArray<number>, tokens: number, start: number) => HostTensors;
  readonly signal?: AbortSignal | undefined;
  /** Rows that are done. */
  readonly onRows?: ((done: number, total: number) => void) | undefined;
}

/** Results of some rows, or of a chunk of one. */
export interface AnalyzedBatch {
  /** Indices into the run's rows. */
  readonly rows: ReadonlyArray<number>;
  /** First token of the chunk, 0 for whole rows. */
  readonly start: number;
  /** Padded length: token `start + t` of the batch's b-th row is at flat index `b * tokens + t`. */
  readonly tokens: number;
  /** Per captured vector, in order: the row it belongs to and its token. */
  readonly captured: ReadonlyArray<{ readonly row: number; readonly token: number }>;
  readonly outputs: Readonly<Record<string, HostTensor>>;
}

type Request = Omit<ForwardRequest, "maxTokens" | "everyToken" | "past">;

interface Loaded {
  readonly worker: WorkerHost;
  readonly past: boolean;
  readonly maxTokens: number;
}

/** Results of a batch that may be made while those of the one before are still in use. */
const AHEAD_BYTES = 32 * 2 ** 20;

/** A forward program in its worker. Calls of `run` are served one after the other. */
export class Analyzer {
  readonly #checkpoint: Checkpoint;
  readonly #request: Request;
  readonly #options: AnalyzerOptions;
  #loaded: Loaded | undefined;
  #runs = 0;
  #sequences = 0;

  private constructor(checkpoint: Checkpoint, request: Request, options: AnalyzerOptions) {
    this.#checkpoint = checkpoint;
    this.#request = request;
    this.#options = options;
  }

  /**
   * Build and load the program of `request`. Rejects with `DecoderError` for unknown sites and for chunks of what needs whole
   * rows (patterns, head effects, `tensor` renormalisation), with `SessionError` when it does not load.
   */
  static async open(checkpoint: Checkpoint, request: Request, options: AnalyzerOptions = {}): Promise<Analyzer> {
    const { chunk, longest = 1024 } = options;
    if (chunk !== undefined) {
      if (!(Number.isInteger(chunk) && chunk >= 1))
        throw new DecoderError({ what: "chunk", problem: `must be a positive integer, not ${chunk}` });
      if (needsWholeRows(request))
        throw new DecoderError({ what: "chunk", problem: "patterns, head effects and renorm tensor need whole rows" });
    }
    const analyzer = new Analyzer(checkpoint, request, options);
    const length = Math.max(1, Math.min(checkpoint.config.maxPositions, longest));
    await analyzer.#load(analyzer.#plan([length]), length);
    return analyzer;
  }

  /**
   * Run all rows, longest first; yields each batch, or chunk of a long row, when it is done. Throws `DecoderError` before the
   * first one for rows that are empty, longer than the model's positions or outside the vocabulary, `Interrupted` when the
   * signal fires in between.
   */
  async *run(run: AnalysisRun): AsyncGenerator<AnalyzedBatch> {
    const { rows, captureAt, onRows } = run;
    const { vocab, maxPositions } = this.#checkpoint.config;
    const lengths = rows.map((r) => r.length);
    checkRows(rows, vocab, maxPositions);
    const plan = this.#plan(lengths);
    const { worker, past } = await this.#load(plan, Math.max(1, lengths[plan[0]?.rows[0] ?? 0] ?? 1));
    const capturedOf = (group: ReadonlyArray<number>) =>
      group.flatMap((row) =>
        (captureAt?.(row) ?? []).map((token) => {
          if (!(token >= 0 && token < (lengths[row] as number)))
            throw new DecoderError({ what: `row ${row}`, problem: `has no token ${token}` });
          return { row, token };
        }),
      );
    const start = async (group: ReadonlyArray<number>) => this.#runWhole(worker, past, run, group, capturedOf(group));
    /** The batch after the one that is waited for: the worker has it at hand, so it never waits for what is done with results. */
    let ahead: Promise<AnalyzedBatch> | undefined;
    let done = 0;
    this.#runs++;
    try {
      for (const [i, { rows: group, chunk }] of plan.entries()) {
        if (chunk === undefined) {
          const current = ahead ?? start(group);
          const next = plan[i + 1];
          ahead =
            next?.chunk === undefined && next !== undefined && this.#isSmall(next.rows, captureAt)
              ? start(next.rows)
              : undefined;
          ahead?.catch(() => undefined); // thrown when its turn comes
          yield await current;
        } else yield* this.#runChunks(worker, run, group[0] as number, chunk, capturedOf(group));
        done += group.length;
        onRows?.(done, rows.length);
      }
    } finally {
      await ahead?.catch(() => undefined);
      this.#runs--;
    }
  }

  /** May the results of these rows lie in memory beside those of the batch before? */
  #isSmall(group: ReadonlyArray<number>, captureAt: AnalysisRun["captureAt"]): boolean {
    const { capture = [], patterns, patternRows, headEffects, logits } = this.#request;
    if ([patterns, patternRows, headEffects].some((large) => large !== undefined) || logits === true) return false;
    const vectors = captureAt === undefined ? 0 : group.reduce((sum, row) => sum + captureAt(row).length, 0);
    const width = capture.reduce((sum, site) => sum + siteWidth(this.#checkpoint.config, site), 0);
    return vectors * width * Float32Array.BYTES_PER_ELEMENT <= AHEAD_BYTES;
  }

  /** Let the batch in progress end, then free the worker. */
  async close(): Promise<void> {
    await this.#loaded?.worker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #runWhole(
    worker: WorkerHost,
    past: boolean,
    { rows, feeds, batchFeeds, signal }: AnalysisRun,
    group: ReadonlyArray<number>,
    captured: AnalyzedBatch["captured"],
  ): Promise<AnalyzedBatch> {
    const batch = padRows(
      group.map((i) => rows[i] as ArrayLike<number>),
      this.#checkpoint.config.vocab,
    );
    const place = new Map(group.map((row, b) => [row, b]));
    const args: RunArgs = {
      feeds: {
        input_ids: batch.ids,
        capture_index: integers(captured.map((c) => (place.get(c.row) as number) * batch.tokens + c.token)),
        ...(past ? { past_length: integers(group.map(() => 0)), sequence_length: integers(batch.lengths) } : {}),
        ...feeds,
        ...batchFeeds?.(group, batch.tokens, 0),
      },
    };
    const outputs = await worker.call<AnalyzedBatch["outputs"]>("run", args, { signal });
    return { rows: group, start: 0, tokens: batch.tokens, captured, outputs };
  }

  async *#runChunks(
    worker: WorkerHost,
    { rows, feeds, batchFeeds, signal }: AnalysisRun,
    row: number,
    chunk: number,
    captured: AnalyzedBatch["captured"],
  ): AsyncGenerator<AnalyzedBatch> {
    const ids = rows[row] as ArrayLike<number>;
    const sequence = this.#sequences++;
    // What comes after the last captured token changes nothing of it.
    const everyToken = (this.#request.projections ?? []).length > 0 || captured.length === 0;
    const end = everyToken ? ids.length : 1 + captured.reduce((last, { token }) => Math.max(last, token), 0);
    try {
      for (let start = 0; start < end; start += chunk) {
        const tokens = Math.min(chunk, ids.length - start);
        const here = captured.filter(({ token }) => token >= start && token < start + tokens);
        const piece = padRows(
          [Array.from({ length: tokens }, (_, t) => ids[start + t] as number)],
          this.#checkpoint.config.vocab,
        );
        const args: RunArgs = {
          feeds: {
            input_ids: piece.ids,
            capture_index: integers(here.map(({ token }) => token - start)),
            past_length: integers([start]),
            sequence_length: integers([ids.length]),
            ...feeds,
            ...batchFeeds?.([row], tokens, start),
          },
          chunk: { row: sequence, at: start, tokens, last: start + tokens >= end },
        };
        const outputs = await worker.call<AnalyzedBatch["outputs"]>("run", args, { signal });
        yield { rows: [row], start, tokens, captured: here, outputs };
      }
    } finally {
      await worker.call("forget", sequence).catch(() => undefined); // a lost worker has told its caller already
    }
  }

  #plan(lengths: ReadonlyArray<number>): ReadonlyArray<PlannedBatch> {
    const { chunk } = this.#options;
    const whole = needsWholeRows(this.#request);
    const tokensPerBatch = this.#tokensPerBatch(lengths.reduce((most, length) => Math.max(most, length), 1));
    return planBatches(lengths, this.#checkpoint.config, {
      tokensPerBatch,
      chunk: whole ? Number.POSITIVE_INFINITY : chunk,
    });
  }

  /** A backward pass keeps what every layer made: as many rows as memory has room for. */
  #tokensPerBatch(longest: number): number {
    const { tokensPerBatch = 4096, memoryBudget: budget = machineMemory() / 4 } = this.#options;
    if (this.#request.headEffects === undefined) return tokensPerBatch;
    const bytes = forwardBytes(this.#checkpoint, this.#request, 1, longest);
    if (bytes <= budget) return Math.min(tokensPerBatch, Math.floor(budget / bytes) * longest);
    const gb = (n: number) => `${(n / 1e9).toFixed(1)} GB`;
    throw new DecoderError({
      what: `row of ${longest} tokens`,
      problem: `its backward pass needs about ${gb(bytes)}, allowed are ${gb(budget)}`,
      remedy: "take shorter rows, allow more, or do without head effects (patching: false)",
    });
  }

  /** The program that such a plan needs: with a past when rows are cut, with rotary tables for the longest. One is kept. */
  async #load(plan: ReadonlyArray<PlannedBatch>, longest: number): Promise<Loaded> {
    const cut = plan.some(({ chunk }) => chunk !== undefined);
    const known = this.#loaded;
    if (known !== undefined && (known.past || !cut) && longest <= known.maxTokens) return known;
    if (this.#runs > 0) {
      throw new DecoderError({
        what: "analyzer",
        problem: `a run is in progress and its program is not made for rows of ${longest} tokens; open it with longest: ${longest}`,
      });
    }
    const { config } = this.#checkpoint;
    const past = cut || known?.past === true;
    // Tables of a power of two, so that a little longer row does not load anew.
    const maxTokens = Math.min(config.maxPositions, 2 ** Math.ceil(Math.log2(longest)));
    const { layers, kvHeads, headDim } = config;
    const args: OpenArgs = {
      program: forwardProgram(this.#checkpoint, { ...this.#request, maxTokens, past }),
      options: { threads: this.#options.threads ?? 2 },
      cache: past ? { layers, kvHeads, headDim } : undefined,
    };
    await known?.worker.close();
    const worker = new WorkerHost("analysis-worker", import.meta.url, "analyze", { CheckpointError, DecoderError });
    try {
      await worker.call("open", args);
    } catch (error) {
      await worker.close();
      throw error;
    }
    this.#loaded = { worker, past, maxTokens };
    return this.#loaded;
  }
}

const integers = (values: ReadonlyArray<number>): HostTensor => ({
  dtype: "int64",
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
