/**
 * The inside of a `DecoderChild`: decodes one Parquet file after the other, so that what a crafted one does happens to this
 * process. A thread of it watches the processor time and the memory of a job, since a decoder that never ends answers nobody.
 */
import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import type { Column } from "../artifact/column.ts";
import { decodeParquet } from "../artifact/parquet.ts";
import { type Job, type Outcome, type Watched, watch } from "./watch.ts";

if (isMainThread) serve();
else watch(workerData as Watched);

function serve(): void {
  // limits of processor time in ms and of memory in MiB, and a count that is odd while a job is worked on
  const shared = new Int32Array(new SharedArrayBuffer(12));
  new Worker(fileURLToPath(import.meta.url), {
    workerData: { shared, parent: process.ppid } satisfies Watched,
  }).unref();
  process.on("disconnect", () => process.exit(0));
  process.on("message", async (job: Job) => {
    shared[0] = job.cpuMs;
    shared[1] = job.mebibytes;
    Atomics.add(shared, 2, 1);
    const outcome = await decode(job).catch(
      (cause: unknown): Outcome => ({ type: "unreadable", reason: reasonOf(cause) }),
    );
    Atomics.add(shared, 2, 1);
    process.send?.(outcome);
  });
}

/** What decodes to other bytes than were written is not decoded. */
async function decode({ path, sha256, columns, limit }: Job): Promise<Outcome> {
  if (!(await lstat(path)).isFile()) return { type: "skipped" };
  const bytes = new Uint8Array(await readFile(path)); // a buffer of its own: the decoder reads it from its beginning
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) return { type: "skipped" };
  const rows = await decodeParquet(columns as ReadonlyArray<Column>, bytes, limit);
  return { type: "decoded", rows: rows.length };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
