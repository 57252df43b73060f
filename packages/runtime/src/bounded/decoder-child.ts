/** Decoding tables in a process of its own. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileEntry } from "../artifact/inventory.ts";
import { BoundedChild } from "./bounded-child.ts";
import type { Limits } from "./watch.ts";

export interface DecodeJob {
  /** Absolute path of a Parquet file. */
  readonly path: string;
  /** What was written; other bytes are not decoded. */
  readonly entry: FileEntry;
  readonly columns: ReadonlyArray<unknown>;
  /** How many rows; all without. */
  readonly limit?: number;
}

export type Decoded =
  | { readonly type: "decoded"; readonly rows: number }
  | { readonly type: "unreadable"; readonly reason: string }
  | { readonly type: "skipped" };

/** 20 s of processor time and 1 s per MiB of the file; 768 MiB and 40 times the file. */
export const limitsFor = (bytes: number): Limits => ({
  cpuMs: 20_000 + 1000 * Math.ceil(bytes / 2 ** 20),
  mebibytes: 768 + 40 * Math.ceil(bytes / 2 ** 20),
});

/** The module beside this one, as source or built. */
const worker = new URL(`decode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

export class DecoderChild extends BoundedChild<DecodeJob, Decoded> {
  constructor() {
    super(worker);
  }
}
