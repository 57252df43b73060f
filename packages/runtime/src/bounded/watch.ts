/**
 * The inside of a `BoundedChild`: a process that answers one job after the other. A thread of it watches the processor time and
 * the memory of each job, since code that never ends answers nobody.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/** What one job may take. */
export interface Limits {
  /** Processor time, not the clock: a busy machine ends nobody. */
  readonly cpuMs: number;
  readonly mebibytes: number;
}

export interface Message<Job> extends Limits {
  readonly job: Job;
}

interface Watched {
  /** Limits of processor time in ms and of memory in MiB, and a count that is odd while a job is worked on. */
  readonly shared: Int32Array;
  /** Whom the child works for; without it there is no use in going on. */
  readonly parent: number;
}

/** Begins the line that says why a child ended itself. */
export const endMark = "ended: ";
const everyMs = 20;

/** Makes the module at `importMetaUrl` the whole of a child. `answer` must not reject. */
export function serve<Job, Answer>(importMetaUrl: string, answer: (job: Job) => Promise<Answer>): void {
  if (!isMainThread) {
    watch(workerData as Watched);
    return;
  }
  const shared = new Int32Array(new SharedArrayBuffer(12));
  const watched: Watched = { shared, parent: process.ppid };
  new Worker(fileURLToPath(importMetaUrl), { workerData: watched }).unref();
  process.on("disconnect", () => process.exit(0));
  process.on("message", async ({ job, cpuMs, mebibytes }: Message<Job>) => {
    shared[0] = cpuMs;
    shared[1] = mebibytes;
    Atomics.add(shared, 2, 1);
    const answered = await answer(job);
    Atomics.add(shared, 2, 1);
    process.send?.(answered);
  });
}

/** Looks at this process until it must end. */
function watch({ shared, parent }: Watched): void {
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
