/**
 * A process for work on input that nobody vouches for. It is started at the first job, serves many, and is started again when one
 * of them has brought it down; the outcome of that job says why.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endMark, type Limits, type Message } from "./watch.ts";

/** The child had to be ended, or died. */
export interface Ended {
  readonly type: "ended";
  /** As the rest of a sentence: what the work took, or how its process ended. */
  readonly reason: string;
}

export class BoundedChild<Job, Answer> {
  readonly #file: string;
  #child: ChildProcess | undefined;
  #said = "";

  /** `file` is a module that calls `serve`. */
  constructor(file: URL) {
    this.#file = fileURLToPath(file);
  }

  /** One job at a time. */
  async run(job: Job, limits: Limits): Promise<Answer | Ended> {
    const child = this.#child ?? this.#start();
    return await new Promise((resolve) => {
      const done = (answer: Answer | Ended) => {
        child.off("message", done);
        child.off("close", closed);
        child.off("error", failed);
        resolve(answer);
      };
      const closed = (code: number | null, signal: string | null) => {
        done({ type: "ended", reason: this.#why(code, signal) });
      };
      const failed = (error: Error) => {
        if (this.#child === child) this.#child = undefined;
        done({ type: "ended", reason: `found no process: ${error.message}` });
      };
      child.on("message", done);
      child.on("close", closed);
      child.on("error", failed);
      child.send({ job, ...limits } satisfies Message<Job>);
    });
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #start(): ChildProcess {
    this.#said = "";
    const child = fork(this.#file, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [], serialization: "json" });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk.toString("utf8")}`.slice(-10_000);
    });
    child.once("close", () => {
      if (this.#child === child) this.#child = undefined;
    });
    this.#child = child;
    return child;
  }

  #why(code: number | null, signal: string | null): string {
    const told = this.#said.split("\n").find((line) => line.startsWith(endMark));
    if (told !== undefined) return `took ${told.slice(endMark.length)}`;
    if (/heap out of memory|heap limit/u.test(this.#said)) return "took more memory than a process may have";
    return `ended its process (${signal ?? `code ${code}`})`;
  }
}
