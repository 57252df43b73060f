/**
 * Prompts are rendered and tokenised in a thread of their own, one at a time, by turns over clients: a long one delays neither
 * `/health` nor what is being written. One that takes too long, or whose client left, ends with its thread.
 */
import { type ChatOptions, CheckpointError, type Message, type Reasoning, type TemplateVars } from "@precipice/model";
import { WorkerHost } from "@precipice/onnx";
import { ApiError } from "./api-error.ts";
import { type ClientPath, FairQueue } from "./fair-queue.ts";

export interface PrepareOpenArgs {
  readonly folder: string;
  readonly maxTokens: number;
  readonly reasoning: ChatOptions["reasoning"] | undefined;
  readonly templateVars: TemplateVars | undefined;
}

/** `echo`: the prompt's text comes back, with or without special tokens. */
export type PrepareArgs =
  | {
      readonly kind: "chat";
      readonly messages: ReadonlyArray<Message>;
      readonly templateVars: TemplateVars | undefined;
    }
  | {
      readonly kind: "text";
      readonly text: string;
      readonly bos: "auto" | "asis";
      readonly echo: "plain" | "special" | undefined;
    }
  | { readonly kind: "ids"; readonly ids: ReadonlyArray<number>; readonly echo: "plain" | "special" | undefined };

export interface Prepared {
  /** None where the prompt is longer than it may be: then only their number comes back. */
  readonly ids: ReadonlyArray<number>;
  readonly tokens: number;
  /** Where thinking stands at the end of the prompt. */
  readonly reasoning: Reasoning;
  /** The prompt, where `echo` asked for it. */
  readonly text: string;
}

interface Job {
  readonly args: PrepareArgs;
  readonly signal: AbortSignal;
  readonly resolve: (prepared: Prepared) => void;
  readonly reject: (error: unknown) => void;
}

const TIME_LIMIT_MS = 20_000;
/** Tokenised in some milliseconds. */
const LONG_CHARACTERS = 16_384;
/** How long a prompt whose client left may go on: less than a new thread costs. */
const LEFT_MS = 1_000;

export class Preparer {
  readonly #open: PrepareOpenArgs;
  /** For long prompts, so that short ones never wait for them; its thread starts with the first. */
  readonly #long: Preparer | undefined;
  readonly #queue = new FairQueue<Job>();
  #host: WorkerHost | undefined;
  #running = false;
  #closed = false;

  private constructor(open: PrepareOpenArgs, long?: Preparer) {
    this.#open = open;
    this.#long = long;
  }

  /** Rejects with `CheckpointError` where the tokenizer cannot be used. */
  static async open(args: PrepareOpenArgs): Promise<Preparer> {
    const preparer = new Preparer(args, new Preparer(args));
    await preparer.#started();
    return preparer;
  }

  /** Rejects with `CheckpointError`, with a 400 for what takes too long, with the signal's reason. */
  prepare(args: PrepareArgs, client: ClientPath, signal: AbortSignal): Promise<Prepared> {
    if (this.#long !== undefined && charactersOf(args) > LONG_CHARACTERS)
      return this.#long.prepare(args, client, signal);
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        if (this.#queue.remove(client, job)) reject(signal.reason);
      };
      const settled = () => signal.removeEventListener("abort", leave);
      const job: Job = {
        args,
        signal,
        resolve: (prepared) => {
          settled();
          resolve(prepared);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#queue.push(client, job);
      void this.#work();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take()) job.reject(closedError());
    await Promise.all([this.#host?.kill(), this.#long?.close()]);
  }

  async #work(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take()) await this.#do(job);
    this.#running = false;
  }

  async #do({ args, signal, resolve, reject }: Job): Promise<void> {
    let told: unknown;
    let timer: NodeJS.Timeout | undefined;
    const endIn = (ms: number, error: () => unknown) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        told = error();
        const host = this.#host;
        this.#host = undefined;
        void host?.kill();
      }, ms);
    };
    const left = () => endIn(LEFT_MS, () => signal.reason);
    try {
      if (this.#closed) throw closedError();
      const host = await this.#started();
      signal.throwIfAborted();
      endIn(TIME_LIMIT_MS, tooLong);
      signal.addEventListener("abort", left, { once: true });
      resolve(await host.call<Prepared>("prepare", args));
    } catch (error) {
      if (told === undefined && (error as { readonly _tag?: string })._tag === "SessionError") this.#host = undefined;
      reject(told ?? error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", left);
    }
  }

  async #started(): Promise<WorkerHost> {
    if (this.#host !== undefined) return this.#host;
    const host = new WorkerHost("prepare-worker", import.meta.url, "prepare", { CheckpointError });
    try {
      await host.call("open", this.#open);
    } catch (error) {
      await host.kill();
      throw error;
    }
    this.#host = host;
    return host;
  }
}

const charactersOf = (args: PrepareArgs): number =>
  args.kind === "chat"
    ? args.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0)
    : args.kind === "text"
      ? args.text.length
      : args.ids.length;

const closedError = () => new ApiError({ status: 503, message: "The server is closing" });
const tooLong = () =>
  new ApiError({
    status: 400,
    code: "prompt_too_slow",
    message: `Rendering and tokenising the prompt takes longer than ${TIME_LIMIT_MS / 1000} s`,
  });
