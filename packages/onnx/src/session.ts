/**
 * A loaded program. It lives in a worker thread, so that a run never freezes progress, Ctrl-C or other fibers.
 * As a promise API with `close()` (or `await using`), and as a scoped Effect resource with typed errors.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { Interrupted, SessionError } from "./errors.ts";
import type { Graph } from "./graph.ts";
import type { HostTensor, HostTensors } from "./host-tensor.ts";
import { type Program, programOf } from "./program.ts";
import type { SessionOptions } from "./runtime-session.ts";
import { type CallOptions, WorkerHost } from "./worker/host.ts";

/** A program in its worker. Calls are served one after the other; open several sessions to run side by side. */
export class Session {
  readonly #host: WorkerHost;

  private constructor(host: WorkerHost) {
    this.#host = host;
  }

  /** Load a graph or program. Rejects with `SessionError` (phase "load"). */
  static async open(source: Graph | Program, options: SessionOptions = {}): Promise<Session> {
    const program = "bytes" in source ? source : programOf(source);
    const host = new WorkerHost("session-worker", import.meta.url, program.name);
    try {
      await host.call("open", { program, options });
      return new Session(host);
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  /**
   * Run with `feeds` by input name; answers the named outputs, or all. Feeds are copied to the worker, results are moved
   * here. A feed that is no input is ignored. Rejects with `SessionError` or `Interrupted`.
   */
  run(
    feeds: HostTensors,
    outputs?: ReadonlyArray<string>,
    options: CallOptions = {},
  ): Promise<Record<string, HostTensor>> {
    return this.#host.call("run", { feeds, outputs }, options);
  }

  /** Let the runs in progress end, then free program and worker. May be called again. */
  close(): Promise<void> {
    return this.#host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A session that closes with its scope. */
  static scoped(
    source: Graph | Program,
    options: SessionOptions = {},
  ): Effect.Effect<Session, SessionError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.tryPromise({ try: () => Session.open(source, options), catch: asSessionError }),
      (session) => Effect.promise(() => session.close()),
    );
  }

  /** `run` as an Effect; interrupting the fiber stops before the next run. */
  runEffect(
    feeds: HostTensors,
    outputs?: ReadonlyArray<string>,
  ): Effect.Effect<Record<string, HostTensor>, SessionError | Interrupted> {
    return Effect.tryPromise({
      try: (signal) => this.run(feeds, outputs, { signal }),
      catch: (error) => (error instanceof Interrupted ? error : asSessionError(error)),
    });
  }
}

const asSessionError = (error: unknown): SessionError =>
  error instanceof SessionError
    ? error
    : new SessionError({
        phase: "worker",
        program: "session",
        reason: error instanceof Error ? error.message : String(error),
      });
