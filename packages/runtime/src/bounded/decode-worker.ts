/** A child that decodes one Parquet file after the other, so that what a crafted one does happens to it alone. */
import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import type { Column } from "../artifact/column.ts";
import { decodeParquet } from "../artifact/parquet.ts";
import type { Decoded, DecodeJob } from "./decoder-child.ts";
import { serve } from "./watch.ts";

serve<DecodeJob, Decoded>(import.meta.url, (job) =>
  decode(job).catch((cause: unknown): Decoded => ({ type: "unreadable", reason: reasonOf(cause) })),
);

/** What decodes to other bytes than were written is not decoded. */
async function decode({ path, sha256, columns, limit }: DecodeJob): Promise<Decoded> {
  if (!(await lstat(path)).isFile()) return { type: "skipped" };
  const bytes = new Uint8Array(await readFile(path)); // a buffer of its own: the decoder reads it from its beginning
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) return { type: "skipped" };
  const rows = await decodeParquet(columns as ReadonlyArray<Column>, bytes, limit);
  return { type: "decoded", rows: rows.length };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
