/**
 * onnxruntime in the calling thread. Runs block that thread, so programs use this only inside workers;
 * everything else goes through `Session`.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { TypedArray } from "./dtype.ts";
import { SessionError } from "./errors.ts";
import type { HostTensor, HostTensors } from "./host-tensor.ts";
import type { Program } from "./program.ts";

export interface SessionOptions {
  /** Threads inside one op. Default 1: small models run best as several one-thread sessions side by side. */
  readonly threads?: number;
  readonly device?: "cpu" | "webgpu" | "cuda";
}

/** A tensor that stays in this thread between runs, so that a loop can feed back what it fetched without a copy. */
export type ResidentTensor = Tensor;

export const resident = ({ dtype, dims, data }: HostTensor): ResidentTensor =>
  new Tensor(dtype as Tensor.Type, data as never, dims as number[]);

export const toHost = (tensor: Tensor): HostTensor => ({
  dtype: tensor.type as HostTensor["dtype"],
  dims: tensor.dims,
  data: tensor.data as TypedArray,
});

export class RuntimeSession {
  readonly program: string;
  readonly #session: InferenceSession;

  constructor(program: string, session: InferenceSession) {
    this.program = program;
    this.#session = session;
  }

  static async open(program: Program, { threads = 1, device = "cpu" }: SessionOptions = {}): Promise<RuntimeSession> {
    try {
      const session = await InferenceSession.create(program.bytes, {
        executionProviders: [device],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
        extra: {
          session: {
            intra_op: { allow_spinning: threads > 1 ? "1" : "0" },
            ...(program.dataFolder === undefined ? {} : { model_external_initializers_file_folder_path: program.dataFolder }),
          },
        },
      });
      return new RuntimeSession(program.name, session);
    } catch (error) {
      throw new SessionError({ phase: "load", program: program.name, reason: reasonOf(error) });
    }
  }

  /** Run with tensors of this thread; fetches `outputs`, or all of them. */
  async run(feeds: Readonly<Record<string, ResidentTensor>>, outputs?: ReadonlyArray<string>): Promise<Record<string, ResidentTensor>> {
    try {
      const result = outputs === undefined ? this.#session.run(feeds) : this.#session.run(feeds, outputs as string[]);
      return (await result) as Record<string, ResidentTensor>;
    } catch (error) {
      throw new SessionError({ phase: "run", program: this.program, reason: reasonOf(error) });
    }
  }

  async runHost(feeds: HostTensors, outputs?: ReadonlyArray<string>): Promise<Record<string, HostTensor>> {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, resident(t)]));
    const result = await this.run(tensors, outputs);
    return Object.fromEntries(Object.entries(result).map(([name, t]) => [name, toHost(t)]));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
