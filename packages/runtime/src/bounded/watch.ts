/** The jobs of a `DecoderChild`, and the thread in it that ends the process when one of them takes too much. */
import { writeSync } from "node:fs";

export interface Job {
  /** Absolute path of a Parquet file. */
  readonly path: string;
  /** Of the bytes that were written; others are not decoded. */
  readonly sha256: string;
  readonly columns: ReadonlyArray<unknown>;
  /** How many rows; all without. */
  readonly limit?: number;
  readonly cpuMs: number;
  readonly mebibytes: number;
}

export type Outcome =
  | { readonly type: "decoded"; readonly rows: number }
  | { readonly type: "unreadable"; readonly reason: string }
  | { readonly type: "skipped" }
  /** The child had to be ended, or died. */
  | { readonly type: "ended"; readonly reason: string };

export interface Watched {
  /** Limits of the job (ms of processor time, MiB), and a count that is odd while one is worked on. */
  readonly shared: Int32Array;
  /** Whom the child works for; without it there is no use in going on. */
  readonly parent: number;
}

const everyMs = 20;

/** Looks at this process until it must end. Processor time, not the clock: a busy machine ends nobody. */
export function watch({ shared, parent }: Watched): void {
  let seen = 0;
  let cpuStart = 0;
  let before = 0;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
    const count = Atomics.load(shared, 2);
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    const mebibytes = process.memoryUsage.rss() / 2 ** 20;
    if (count !== seen || count % 2 === 0) {
      seen = count;
      cpuStart = cpuMs;
      before = mebibytes;
      return;
    }
    const [mostCpuMs, mostMebibytes] = shared as unknown as [number, number];
    if (cpuMs - cpuStart > mostCpuMs) end(`more than ${mostCpuMs / 1000} s of processor time`);
    if (mebibytes - before > mostMebibytes) end(`more than ${mostMebibytes} MiB of memory`);
  }, everyMs);
}

function end(reason: string): void {
  writeSync(2, `${endMark}${reason}\n`);
  process.kill(process.pid, "SIGKILL");
}

/** Begins the line that says why a child ended itself. */
export const endMark = "ended: ";
