/** Runs a training program step by step in a worker that owns parameters and optimizer state. */
import type { HostTensors } from "../host-tensor.ts";
import type { SessionOptions } from "../runtime-session.ts";
import { type CallOptions, WorkerHost } from "../worker/host.ts";
import type { TrainingProgram } from "./program.ts";

export interface StepResult {
  /** Step just made, from 1. */
  readonly step: number;
  readonly loss: number;
  /** Global L2 norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export class Trainer {
  readonly #host: WorkerHost;

  private constructor(host: WorkerHost) {
    this.#host = host;
  }

  /** Load the program and the initial parameters (by name). Rejects with `SessionError`. */
  static async open(training: TrainingProgram, parameters: HostTensors, options: SessionOptions = {}): Promise<Trainer> {
    const host = new WorkerHost("trainer-worker", import.meta.url, training.program.name);
    try {
      await host.call("open", { training, parameters, options });
      return new Trainer(host);
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  /** One optimizer step. A loss or gradient that is not finite rejects with `NonFiniteLoss` and changes nothing. */
  step(feeds: HostTensors, learningRate: number, options: CallOptions = {}): Promise<StepResult> {
    return this.#host.call("step", { feeds, learningRate }, options);
  }

  /** A copy of the current parameters. */
  parameters(): Promise<HostTensors> {
    return this.#host.call("parameters", {});
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
