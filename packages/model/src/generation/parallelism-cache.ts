/** Measured speeds, kept per machine and program in the user's cache, so that a study measures once. */
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { readFileTextSync } from "@precipice/files";
import { cacheFolder } from "../cache-folder.ts";

export interface Measured {
  readonly workers: number;
  readonly threads: number;
  readonly tokensPerSecond: number;
}

const fileOf = (key: object): string => {
  const what = JSON.stringify({ ...key, cpu: cpus()[0]?.model, node: process.versions.node, arch: process.arch });
  const name = createHash("sha256").update(what).digest("hex").slice(0, 32);
  return join(cacheFolder(), "parallelism", `${name}.json`);
};

const isMeasured = (value: unknown): value is Measured => {
  const { workers, threads, tokensPerSecond } = (value ?? {}) as Record<string, unknown>;
  const count = (n: unknown) => Number.isInteger(n) && (n as number) >= 1;
  return count(workers) && count(threads) && Number.isFinite(tokensPerSecond);
};

/** What was measured for `key` on this machine; undefined when nothing was, or the file is no such thing. */
export const recallParallelism = (key: object): ReadonlyArray<Measured> | undefined => {
  try {
    const found: unknown = JSON.parse(readFileTextSync(fileOf(key)));
    return Array.isArray(found) && found.length > 0 && found.every(isMeasured) ? found : undefined;
  } catch {
    return undefined; // not there or damaged: measured again
  }
};

/** Keep it, if the cache can be written: where it cannot, the next start measures again. */
export const rememberParallelism = (key: object, measured: ReadonlyArray<Measured>): void => {
  const file = fileOf(key);
  try {
    mkdirSync(join(file, ".."), { recursive: true });
    const aside = `${file}.${process.pid}`;
    writeFileSync(aside, JSON.stringify(measured));
    renameSync(aside, file);
  } catch {
    // a read-only home is no reason to fail
  }
};
