/**
 * Text generation by a decoder, in worker threads. Rows are dealt to the workers in turn; a row's result depends on the row
 * alone, so neither the number of workers nor the batch size shows in the text.
 */
import type { WorkerHost } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import type { DirectionEdit } from "../decoder/direction-edit.ts";
import { type AdapterWeights, parametersFor } from "./adapter-inputs.ts";
import { checkCall } from "./check-call.ts";
import type { GenerateArgs, GenerateEvent } from "./generate-worker.ts";
import { type GeneratorOptions, interventionsOf, type OpenedProgram, openWorkers } from "./open-workers.ts";
import type { GeneratedRow, GenerationOptions, GenerationRow, HeadScale } from "./request.ts";

export type { GeneratorOptions } from "./open-workers.ts";

export interface GenerateCall extends GenerationOptions {
  readonly headScale?: HeadScale | undefined;
  readonly directionEdit?: DirectionEdit | undefined;
  /** An adapter of the shape the generator was opened with; the base model writes without one. */
  readonly adapter?: AdapterWeights | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A row is done (in order of completion). */
  readonly onRow?: (row: GeneratedRow) => void;
  /** Tokens made since the last call. */
  readonly onTokens?: (count: number) => void;
  /**
   * Text of a row as it is written: whole characters, never a part of a stop string nor the stop string itself. The pieces of a
   * row come in order, all before its `onRow`.
   */
  readonly onText?: (text: string, index: number) => void;
  /** Each new token of a row, in order, all before its `onRow`. */
  readonly onId?: (id: number, index: number) => void;
}

/** What `stream` yields. */
export type StreamEvent =
  | { readonly type: "text"; readonly index: number; readonly text: string }
  | { readonly type: "row"; readonly row: GeneratedRow };

/** A decoder's programs in worker threads. Calls of `generate` are served one after the other. */
export class Generator {
  readonly #workers: ReadonlyArray<WorkerHost>;
  readonly #opened: OpenedProgram;

  private constructor(workers: ReadonlyArray<WorkerHost>, opened: OpenedProgram) {
    this.#workers = workers;
    this.#opened = opened;
  }

  /** Build the programs and load them in every worker. Rejects with `SessionError`, `DecoderError` for options below 1. */
  static async open(checkpoint: Checkpoint, options: GeneratorOptions = {}): Promise<Generator> {
    const { hosts, ...opened } = await openWorkers(checkpoint, options);
    return new Generator(hosts, opened);
  }

  /**
   * Continue every row; results in the rows' order. Rejects with `DecoderError` before any work for rows or settings that
   * make no sense or cannot fit into memory, else with `SessionError` or `Interrupted`. When one worker fails the others stop
   * too. Aborting takes effect before the next run of the program (a step, or a chunk of a prompt); rows that were done by then
   * have gone to `onRow`.
   */
  async generate(rows: ReadonlyArray<GenerationRow>, call: GenerateCall): Promise<ReadonlyArray<GeneratedRow>> {
    const { headScale, directionEdit, adapter, signal, onRow, onTokens, onText, onId, ...rest } = call;
    const options = { ...rest, stream: onText !== undefined, streamIds: onId !== undefined };
    checkCall(this.#opened, rows, call);
    const { config, adapter: shape } = this.#opened;
    const acting = {
      ...interventionsOf(this.#opened, { headScale, directionEdit }),
      adapter: shape === undefined ? undefined : parametersFor(config, shape, adapter),
    };
    const failed = new AbortController();
    const signals = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const results: GeneratedRow[] = [];
    const share = async (host: WorkerHost, indices: ReadonlyArray<number>): Promise<void> => {
      const own = indices.map((i) => rows[i] as GenerationRow);
      const args: GenerateArgs = { rows: own, options, ...acting };
      const onEvent = (event: unknown) => {
        const news = event as GenerateEvent;
        if ("tokens" in news) return onTokens?.(news.tokens);
        if ("ids" in news) {
          for (const [index, id] of news.ids) onId?.(id, indices[index] as number);
          return;
        }
        if ("texts" in news) {
          for (const [index, text] of news.texts) onText?.(text, indices[index] as number);
          return;
        }
        const row = { ...news.row, index: indices[news.row.index] as number };
        results[row.index] = row;
        onRow?.(row);
      };
      await host.call("generate", args, { signal: signals, onEvent });
    };
    let first: { readonly error: unknown } | undefined;
    await Promise.all(
      this.#workers.map(async (host, w) => {
        const indices = rows.flatMap((_, i) => (i % this.#workers.length === w ? [i] : []));
        if (indices.length === 0) return;
        try {
          await share(host, indices);
        } catch (error) {
          first ??= { error };
          failed.abort();
        }
      }),
    );
    if (first !== undefined) throw first.error;
    return results;
  }

  /**
   * Continue every row, telling text as it is written and rows as they are done. Leaving the loop early stops the generation.
   * Throws what `generate` rejects with.
   */
  async *stream(
    rows: ReadonlyArray<GenerationRow>,
    call: Omit<GenerateCall, "onRow" | "onText">,
  ): AsyncGenerator<StreamEvent, void, undefined> {
    const left = new AbortController();
    const signal = call.signal === undefined ? left.signal : AbortSignal.any([call.signal, left.signal]);
    let events: StreamEvent[] = [];
    let over = false;
    let wake = () => {};
    const put = (event: StreamEvent) => {
      events.push(event);
      wake();
    };
    const work = this.generate(rows, {
      ...call,
      signal,
      onText: (text, index) => put({ type: "text", index, text }),
      onRow: (row) => put({ type: "row", row }),
    }).finally(() => {
      over = true;
      wake();
    });
    work.catch(() => {}); // it is thrown below; here only so that nobody takes it for unhandled
    try {
      while (!over || events.length > 0) {
        const ready = events;
        events = [];
        yield* ready;
        if (events.length === 0 && !over) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      await work;
    } finally {
      left.abort();
      await work.catch(() => {});
    }
  }

  /** Let the step in progress end, then free the workers. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((host) => host.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
