/**
 * Forward passes over many rows: batches of similar length, each run once in a worker, results handed over batch by batch
 * so that memory does not grow with the number of rows.
 */
import { type HostTensor, type HostTensors, Session } from "@precipice/onnx";
import { checkRows, lengthBuckets, padRows } from "../batch.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { DecoderError } from "../errors.ts";
import { type ForwardRequest, forwardProgram } from "../programs/forward.ts";

export interface AnalyzerOptions {
  /** onnxruntime threads. Default 2. */
  readonly threads?: number;
  /** Padded tokens of one batch. Default 4096. */
  readonly tokensPerBatch?: number;
}

export interface AnalysisRun {
  readonly rows: ReadonlyArray<ArrayLike<number>>;
  /** Per row the token indices whose vectors leave the program; none by default. */
  readonly captureAt?: (row: number) => ReadonlyArray<number>;
  /** Inputs that are the same for every batch (directions, head scales). */
  readonly feeds?: HostTensors;
  /** Inputs that depend on the batch, e.g. gates: `[batch * token]`. */
  readonly batchFeeds?: (rows: ReadonlyArray<number>, tokens: number) => HostTensors;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: ((done: number, total: number) => void) | undefined;
}

export interface AnalyzedBatch {
  /** Indices into the run's rows. */
  readonly rows: ReadonlyArray<number>;
  /** Padded length: token t of the batch's b-th row is at flat index `b * tokens + t`. */
  readonly tokens: number;
  /** Per captured vector, in order: the row it belongs to and its token. */
  readonly captured: ReadonlyArray<{ readonly row: number; readonly token: number }>;
  readonly outputs: Readonly<Record<string, HostTensor>>;
}

/** A forward program in its worker. Calls of `run` are served one after the other. */
export class Analyzer {
  readonly #session: Session;
  readonly #vocab: number;
  readonly #maxTokens: number;
  readonly #tokensPerBatch: number;

  private constructor(session: Session, vocab: number, maxTokens: number, tokensPerBatch: number) {
    this.#session = session;
    this.#vocab = vocab;
    this.#maxTokens = maxTokens;
    this.#tokensPerBatch = tokensPerBatch;
  }

  /** Build and load the program of `request`. `DecoderError` for unknown sites, `SessionError` when it does not load. */
  static async open(
    checkpoint: Checkpoint,
    request: Omit<ForwardRequest, "maxTokens" | "everyToken">,
    options: AnalyzerOptions = {},
  ): Promise<Analyzer> {
    const { threads = 2, tokensPerBatch = 4096 } = options;
    const maxTokens = Math.min(checkpoint.config.maxPositions, 16_384);
    const session = await Session.open(forwardProgram(checkpoint, { ...request, maxTokens }), { threads });
    return new Analyzer(session, checkpoint.config.vocab, maxTokens, tokensPerBatch);
  }

  /**
   * Run all rows, longest first; yields each batch when it is done. Throws `DecoderError` before the first batch for rows
   * that are empty, too long or outside the vocabulary, `Interrupted` when the signal fires between batches.
   */
  async *run({ rows, captureAt, feeds = {}, batchFeeds, signal, onRows }: AnalysisRun): AsyncGenerator<AnalyzedBatch> {
    const lengths = rows.map((r) => r.length);
    checkRows(rows, this.#vocab, this.#maxTokens);
    let done = 0;
    for (const group of lengthBuckets(lengths, this.#tokensPerBatch)) {
      const batch = padRows(
        group.map((i) => rows[i] as ArrayLike<number>),
        this.#vocab,
      );
      const captured = group.flatMap((row) => (captureAt?.(row) ?? []).map((token) => ({ row, token })));
      const place = new Map(group.map((row, b) => [row, b]));
      const index = BigInt64Array.from(captured, ({ row, token }) => {
        if (!(token >= 0 && token < (lengths[row] as number)))
          throw new DecoderError({ what: `row ${row}`, problem: `has no token ${token}` });
        return BigInt((place.get(row) as number) * batch.tokens + token);
      });
      const outputs = await this.#session.run(
        {
          input_ids: batch.ids,
          capture_index: { dtype: "int64", dims: [index.length], data: index },
          ...feeds,
          ...batchFeeds?.(group, batch.tokens),
        },
        undefined,
        { signal },
      );
      done += group.length;
      onRows?.(done, rows.length);
      yield { rows: group, tokens: batch.tokens, captured, outputs };
    }
  }

  /** Let the batch in progress end, then free the worker. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
