/**
 * Text generation that is open for rows at any time: a row joins those that are being written, with limits, sampling,
 * interventions and adapter of its own, and may leave before its end. A row's text depends on the row alone, as with `Generator`.
 */
import { createHash } from "node:crypto";
import type { HostTensors, WorkerHost } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import type { DirectionEdit } from "../decoder/direction-edit.ts";
import { DecoderError } from "../errors.ts";
import { type AdapterWeights, commonShape, parametersFor } from "./adapter-inputs.ts";
import { checkCall } from "./check-call.ts";
import type { TurnArgs } from "./generate-worker.ts";
import { type LiveNews, type LiveRow, NO_ADAPTER } from "./live-rows.ts";
import { type GeneratorOptions, interventionsOf, type OpenedProgram, openWorkers } from "./open-workers.ts";
import type { GeneratedRow, GenerationOptions, GenerationRow, HeadScale } from "./request.ts";

export interface LiveOptions extends GeneratorOptions {
  /** Adapters that rows may ask for, by name. They share the weights of the model: none is loaded twice. */
  readonly adapters?: Readonly<Record<string, AdapterWeights>> | undefined;
}

export interface LiveRequest extends GenerationRow, Omit<GenerationOptions, "stream" | "recordLogits"> {
  readonly headScale?: HeadScale | undefined;
  readonly directionEdit?: DirectionEdit | undefined;
  readonly adapter?: string | undefined;
  /** Takes the row out before the next step; `submit` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A row's new tokens, in order, then the row. */
export type LiveEvent =
  | { readonly type: "tokens"; readonly ids: ReadonlyArray<number> }
  | { readonly type: "row"; readonly row: Omit<GeneratedRow, "index"> };

interface Waiting {
  ids: number[];
  row: GeneratedRow | undefined;
  error: unknown;
  wake: () => void;
}

interface Worker {
  readonly host: WorkerHost;
  readonly add: LiveRow[];
  readonly drop: number[];
  /** Rows it has, by index. */
  readonly rows: Map<number, Waiting>;
  running: Promise<void> | undefined;
}

export class LiveGenerator {
  readonly #workers: ReadonlyArray<Worker>;
  readonly #opened: OpenedProgram;
  readonly #adapters: ReadonlySet<string>;
  #next = 0;
  #closed = false;

  private constructor(hosts: ReadonlyArray<WorkerHost>, opened: OpenedProgram, adapters: ReadonlySet<string>) {
    this.#workers = hosts.map((host) => ({ host, add: [], drop: [], rows: new Map(), running: undefined }));
    this.#opened = opened;
    this.#adapters = adapters;
  }

  /** Rejects as `Generator.open` does. */
  static async open(checkpoint: Checkpoint, { adapters = {}, ...options }: LiveOptions = {}): Promise<LiveGenerator> {
    const named = Object.entries(adapters);
    const shape = commonShape(
      checkpoint.config,
      named.map(([, { lora }]) => lora),
    );
    const { hosts, ...opened } = await openWorkers(checkpoint, { ...options, adapter: shape });
    if (shape !== undefined) {
      const parameters = new Map<string, HostTensors>([
        [NO_ADAPTER, parametersFor(checkpoint.config, shape, undefined)],
        ...named.map(([name, own]) => [name, parametersFor(checkpoint.config, shape, own)] as const),
      ]);
      await Promise.all(hosts.map((host) => host.call("adapters", parameters)));
    }
    return new LiveGenerator(hosts, opened, new Set(named.map(([name]) => name)));
  }

  /** Rows that wait or are written. */
  get rows(): number {
    return this.#workers.reduce((sum, { rows }) => sum + rows.size, 0);
  }

  /** Longest sequence, prompt included. */
  get maxTokens(): number {
    return this.#opened.maxTokens;
  }

  /** Throws `DecoderError` for a row or settings that make no sense or cannot fit into memory; `submit` does so too. */
  check(request: LiveRequest): void {
    checkCall(this.#opened, [request], { ...request, adapter: undefined });
    if (request.adapter !== undefined && !this.#adapters.has(request.adapter))
      throw new DecoderError({ what: "adapter", problem: `there is no "${request.adapter}"` });
  }

  /**
   * Continue a row. Throws `DecoderError` before any work as `check` does, or where the row cannot go on; `SessionError` when its
   * worker is lost; the signal's reason once it is aborted. Leaving the loop early takes the row out.
   */
  async *submit(request: LiveRequest): AsyncGenerator<LiveEvent, void, undefined> {
    this.check(request);
    const { signal } = request;
    signal?.throwIfAborted();
    if (this.#closed) throw new DecoderError({ what: "generator", problem: "was closed" });
    const worker = this.#workers.reduce((a, b) => (b.rows.size < a.rows.size ? b : a));
    const index = this.#next++;
    const waiting: Waiting = { ids: [], row: undefined, error: undefined, wake: () => {} };
    const abort = () => {
      waiting.error ??= signal?.reason;
      waiting.wake();
    };
    signal?.addEventListener("abort", abort, { once: true });
    worker.rows.set(index, waiting);
    worker.add.push(this.#rowOf(request, index));
    this.#run(worker);
    try {
      for (;;) {
        if (waiting.error !== undefined) throw waiting.error;
        const { ids, row } = waiting;
        waiting.ids = [];
        if (ids.length > 0) yield { type: "tokens", ids };
        if (row !== undefined) {
          const { index: _, ...written } = row;
          yield { type: "row", row: written };
          return;
        }
        if (waiting.ids.length > 0 || waiting.row !== undefined || waiting.error !== undefined) continue;
        await new Promise<void>((resolve) => {
          waiting.wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      if (worker.rows.delete(index) && waiting.row === undefined) {
        worker.drop.push(index);
        this.#run(worker);
      }
    }
  }

  #rowOf(request: LiveRequest, index: number): LiveRow {
    const { ids, rendered, seed, headScale, directionEdit, adapter, signal: _, ...options } = request;
    const interventions = interventionsOf(this.#opened, { headScale, directionEdit });
    const row = { index, ids, rendered, seed, options, interventions, adapter };
    return { ...row, lane: laneOf(request) };
  }

  /** Turns follow each other for as long as the worker has rows; each takes what has come and gone meanwhile. */
  #run(worker: Worker): void {
    worker.running ??= this.#turns(worker).finally(() => {
      worker.running = undefined;
      if (worker.add.length + worker.drop.length > 0 && !this.#closed) this.#run(worker);
    });
  }

  async #turns(worker: Worker): Promise<void> {
    let left = 0;
    try {
      do {
        const args: TurnArgs = { add: worker.add.splice(0), drop: worker.drop.splice(0) };
        const news: LiveNews = await worker.host.call("turn", args);
        left = news.left;
        for (const [index, id] of news.tokens) worker.rows.get(index)?.ids.push(id);
        for (const row of news.rows) {
          const waiting = worker.rows.get(row.index);
          if (waiting !== undefined) waiting.row = row;
        }
        for (const [index, problem] of news.failed) {
          const waiting = worker.rows.get(index);
          if (waiting !== undefined) waiting.error = new DecoderError({ what: "row", problem });
        }
        for (const waiting of worker.rows.values()) waiting.wake();
      } while (left + worker.add.length + worker.drop.length > 0);
    } catch (error) {
      worker.drop.length = 0;
      worker.add.length = 0;
      for (const waiting of worker.rows.values()) {
        waiting.error ??= error;
        waiting.wake();
      }
    }
  }

  /** Takes all rows out, lets the step in progress end, frees the workers. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const worker of this.#workers) {
      for (const [index, waiting] of worker.rows) {
        worker.drop.push(index);
        waiting.error ??= new DecoderError({ what: "generator", problem: "was closed" });
        waiting.wake();
      }
    }
    await Promise.all(this.#workers.map(({ running }) => running));
    await Promise.all(this.#workers.map(({ host }) => host.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The same text for the same interventions. */
const laneOf = ({ headScale, directionEdit, adapter }: LiveRequest): string => {
  if (headScale === undefined && directionEdit === undefined) return JSON.stringify([adapter ?? null]);
  const hash = createHash("sha256");
  hash.update(JSON.stringify([adapter ?? null, headScale?.renorm, headScale?.scope, directionEdit?.scope]));
  hash.update(JSON.stringify([directionEdit?.remove]));
  for (const values of [headScale?.scale, directionEdit?.direction, directionEdit?.add]) {
    hash.update(`${values?.length ?? -1}:`);
    if (values !== undefined) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
};
