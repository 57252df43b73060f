/**
 * The outside of a worker thread: typed calls with interruption. `terminate()` during a native run would abort the whole
 * process, so a worker is always asked to close and left to finish the run it is in.
 */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { GradientError, GraphError, Interrupted, NonFiniteLoss, SessionError } from "../errors.ts";
import type { CallMessage, CloseMessage, GuestMessage, WireError } from "./protocol.ts";

export interface CallOptions {
  /** Aborting stops the call between two runs; it then rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined;
  /** Progress of the call. If it throws, the call stops and rejects with what it threw. */
  readonly onEvent?: ((event: unknown) => void) | undefined;
  /** Buffers of the arguments to move instead of copy. */
  readonly transfer?: ReadonlyArray<ArrayBuffer>;
}

/** Error classes by tag: what a worker throws of these arrives as the same class. */
// biome-ignore lint/suspicious/noExplicitAny: every class knows its own fields
export type ErrorClasses = Readonly<Record<string, new (fields: any) => Error>>;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
  readonly interrupt: () => void;
}

const OWN_ERRORS: ErrorClasses = { SessionError, Interrupted, GraphError, GradientError, NonFiniteLoss };

export class WorkerHost {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #name: string;
  readonly #errors: ErrorClasses;
  readonly #exited: Promise<void>;
  #nextId = 1;
  #closed: Promise<void> | undefined;
  #lost: SessionError | undefined;

  /** Start the worker module `stem` that lies beside `importMetaUrl` (as source or built). */
  constructor(stem: string, importMetaUrl: string, name = stem, errors: ErrorClasses = {}) {
    this.#name = name;
    this.#errors = { ...OWN_ERRORS, ...errors };
    const file = new URL(`${stem}${extname(fileURLToPath(importMetaUrl))}`, importMetaUrl);
    this.#worker = new Worker(file, { name });
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

  /** Call a method of the worker; calls are served one after the other. */
  async call<A>(method: string, args: unknown, { signal, onEvent, transfer = [] }: CallOptions = {}): Promise<A> {
    if (this.#closed !== undefined) throw this.#error("it was closed");
    if (this.#lost !== undefined) throw this.#lost;
    if (signal?.aborted === true) throw new Interrupted({ program: this.#name });
    const id = this.#nextId++;
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const interrupt = () => void Atomics.store(flag, 0, 1);
    const message: CallMessage = { type: "call", id, method, args, interrupt: flag.buffer };
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      return await new Promise<A>((resolve, reject) => {
        this.#worker.postMessage(message, transfer as ArrayBuffer[]); // throws when the arguments cannot be sent
        this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, onEvent, interrupt });
        this.#worker.ref();
      });
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  /** Let the calls in progress end, release everything, wait for the thread to be gone. May be called again. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = this.#exited;
      this.#worker.ref();
      if (this.#lost === undefined) this.#worker.postMessage({ type: "close" } satisfies CloseMessage);
    }
    return this.#closed;
  }

  /** End the thread at once, whatever it does: only for threads that run nothing native. Calls in progress reject. */
  async kill(): Promise<void> {
    this.#closed ??= this.#exited;
    await this.#worker.terminate();
  }

  #receive(message: GuestMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === "result") pending.resolve(message.value);
    else if (message.type === "error") pending.reject(this.#fromWire(message.error));
    else {
      try {
        pending.onEvent?.(message.event);
        return;
      } catch (error) {
        pending.interrupt();
        pending.reject(error);
      }
    }
    this.#pending.delete(message.id);
    if (this.#pending.size === 0 && this.#closed === undefined) this.#worker.unref();
  }

  #fail(reason: string): void {
    this.#lost ??= this.#error(reason);
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
  }

  #error(reason: string): SessionError {
    return new SessionError({ phase: "worker", program: this.#name, reason });
  }

  #fromWire({ tag, message, fields, stack }: WireError): Error {
    const known = Object.hasOwn(this.#errors, tag) ? this.#errors[tag] : undefined;
    if (known !== undefined) return new known(fields);
    const error = Object.assign(new Error(message), { _tag: tag, ...fields });
    error.name = tag;
    if (stack !== undefined) error.stack = stack;
    return error;
  }
}
