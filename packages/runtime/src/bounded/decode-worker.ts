/** A child that decodes one Parquet file after the other, so that what a crafted one does happens to it alone. */
import { FileError } from "@precipice/files";
import type { Column } from "../artifact/column.ts";
import { decodeParquet } from "../artifact/parquet.ts";
import { VerifiedFile, WrongBytes } from "../artifact/verified-file.ts";
import type { Decoded, DecodeJob } from "./decoder-child.ts";
import { serve } from "./watch.ts";

serve<DecodeJob, Decoded>(import.meta.url, (job) =>
  decode(job).catch((cause: unknown): Decoded => ({ type: "unreadable", reason: reasonOf(cause) })),
);

/** What is no file, or has other bytes than were written, is not decoded. */
async function decode({ path, entry, columns, limit }: DecodeJob): Promise<Decoded> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const file = await VerifiedFile.open(path, entry);
    bytes = await file.readAll().finally(() => file.close());
  } catch (cause) {
    if (cause instanceof WrongBytes || cause instanceof FileError) return { type: "skipped" };
    throw cause;
  }
  const rows = await decodeParquet(columns as ReadonlyArray<Column>, bytes, limit);
  return { type: "decoded", rows: rows.length };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
