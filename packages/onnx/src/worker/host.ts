/**
 * The outside of a worker thread: typed calls with interruption. `terminate()` during a native run would abort the whole
 * process, so a worker is always asked to close and left to finish the run it is in.
 */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { GradientError, GraphError, Interrupted, NonFiniteLoss, SessionError } from "../errors.ts";
import type { GuestMessage, WireError } from "./protocol.ts";

export interface CallOptions {
  /** Aborting stops the call between two runs; it then rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: unknown) => void) | undefined;
  /** Buffers of the arguments to move instead of copy. */
  readonly transfer?: ReadonlyArray<ArrayBuffer>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
}

export class WorkerHost {
  readonly #worker: Worker;
  readonly #interrupt = new Int32Array(new SharedArrayBuffer(4));
  readonly #pending = new Map<number, Pending>();
  readonly #name: string;
  #nextId = 1;
  #closing = false;
  #exited: Promise<void>;
  #lost: SessionError | undefined;

  /** Start the worker module `stem` that lies beside `importMetaUrl` (as source or built). */
  constructor(stem: string, importMetaUrl: string, name = stem) {
    this.#name = name;
    const file = new URL(`${stem}${extname(fileURLToPath(importMetaUrl))}`, importMetaUrl);
    this.#worker = new Worker(file, { workerData: { interrupt: this.#interrupt.buffer }, name });
    this.#worker.on("message", (message: GuestMessage) => this.#receive(message));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#fail(`it exited with code ${code}`);
        resolve();
      });
    });
    this.#worker.unref();
  }

  call<A>(method: string, args: unknown, { signal, onEvent, transfer = [] }: CallOptions = {}): Promise<A> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (signal?.aborted === true) return Promise.reject(new Interrupted({ program: this.#name }));
    const id = this.#nextId++;
    const abort = () => Atomics.store(this.#interrupt, 0, id);
    return new Promise<A>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, onEvent });
      this.#worker.ref();
      signal?.addEventListener("abort", abort, { once: true });
      this.#worker.postMessage({ type: "call", id, method, args }, transfer as ArrayBuffer[]);
    }).finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Let the run in progress end, release everything, wait for the thread to be gone. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#lost === undefined) this.#worker.postMessage({ type: "close" });
    this.#worker.ref();
    await this.#exited;
  }

  #receive(message: GuestMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === "event") {
      pending.onEvent?.(message.event);
      return;
    }
    this.#pending.delete(message.id);
    if (this.#pending.size === 0 && !this.#closing) this.#worker.unref();
    if (message.type === "result") pending.resolve(message.value);
    else pending.reject(fromWire(message.error));
  }

  #fail(reason: string): void {
    this.#lost ??= new SessionError({ phase: "worker", program: this.#name, reason });
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
  }
}

const KNOWN_ERRORS = { SessionError, Interrupted, GraphError, GradientError, NonFiniteLoss } as const;

const fromWire = ({ tag, message, fields, stack }: WireError): Error => {
  if (tag in KNOWN_ERRORS) return new KNOWN_ERRORS[tag as keyof typeof KNOWN_ERRORS](fields as never);
  const error = Object.assign(new Error(message), { _tag: tag, ...fields });
  error.name = tag;
  if (stack !== undefined) error.stack = stack;
  return error;
};
