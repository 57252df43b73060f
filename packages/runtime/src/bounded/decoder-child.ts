/**
 * A process for decoding files that nobody vouches for. It is started at the first file, serves many, and is started again when
 * one of them has brought it down; that file's outcome says why.
 */
import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { endMark, type Job, type Outcome } from "./watch.ts";

/** What one file may take; each grows with the file's size. */
export interface Limits {
  /** Processor time. */
  readonly cpuMs: number;
  readonly mebibytes: number;
}

/** 20 s and 1 s per MiB; 768 MiB and 40 times the file. */
export const limitsFor = (bytes: number): Limits => ({
  cpuMs: 20_000 + 1000 * Math.ceil(bytes / 2 ** 20),
  mebibytes: 768 + 40 * Math.ceil(bytes / 2 ** 20),
});

export class DecoderChild {
  #child: ChildProcess | undefined;
  #said = "";

  /** One file at a time. */
  async decode(job: Omit<Job, keyof Limits>, { cpuMs, mebibytes }: Limits): Promise<Outcome> {
    const child = this.#child ?? this.#start();
    return await new Promise((resolve) => {
      const done = (outcome: Outcome) => {
        child.off("message", done);
        child.off("close", closed);
        child.off("error", failed);
        resolve(outcome);
      };
      const closed = (code: number | null, signal: string | null) => {
        this.#child = undefined;
        done({ type: "ended", reason: this.#why(code, signal) });
      };
      const failed = (error: Error) => done({ type: "ended", reason: `no process to read it in: ${error.message}` });
      child.on("message", done);
      child.on("close", closed);
      child.on("error", failed);
      child.send({ ...job, cpuMs, mebibytes } satisfies Job);
    });
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const file = fileURLToPath(new URL(`decode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
    this.#said = "";
    const child = fork(file, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [], serialization: "json" });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk.toString("utf8")}`.slice(0, 10_000);
    });
    this.#child = child;
    return child;
  }

  #why(code: number | null, signal: string | null): string {
    const told = this.#said.split("\n").find((line) => line.startsWith(endMark));
    if (told !== undefined) return `reading it took ${told.slice(endMark.length)}`;
    if (/heap out of memory|heap limit/u.test(this.#said)) return "reading it took more memory than a process may have";
    return `reading it ended its process (${signal ?? `code ${code}`})`;
  }
}
