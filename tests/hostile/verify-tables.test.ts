/**
 * A table whose bytes are as its manifest says and whose decoding never ends: it is named, and what comes after it is looked at.
 * The bytes were found by flipping single bits of a small file.
 */
import { createHash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Artifact, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import type { Column } from "../../packages/runtime/src/artifact/column.ts";
import { encodeParquet } from "../../packages/runtime/src/artifact/parquet.ts";
import { DecoderChild } from "../../packages/runtime/src/bounded/decoder-child.ts";
import { boundedPreview } from "../../packages/runtime/src/bounded/tables.ts";
import type { Limits } from "../../packages/runtime/src/bounded/watch.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const columns: ReadonlyArray<Column> = [
  { name: "a", type: "string", nullable: true, list: false },
  { name: "b", type: "string", nullable: false, list: true },
  { name: "c", type: "int", nullable: false, list: false },
];
const whole = new Uint8Array(
  encodeParquet(
    columns,
    Array.from({ length: 2000 }, (_, i) => ({ a: "same", b: ["x", "y"], c: i % 7 })),
  ),
);

function flipped(at: number, bit: number): Uint8Array {
  const bytes = whole.slice();
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  return bytes;
}

/** Endless in the decoder. */
const endless = flipped(31, 4);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** Processor time, so that a busy machine changes nothing. */
const limits = (): Limits => ({ cpuMs: 1000, mebibytes: 700 });

function write(digest: string, bytes: Uint8Array): string {
  const folder = join(root, ".precipice/store/rows", digest);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "rows.parquet"), bytes);
  const contents = {
    tables: { rows: { file: "rows.parquet", rows: 2000, columns } },
    vectors: {},
    files: [{ path: "rows.parquet", bytes: bytes.length, sha256: sha256(bytes) }],
    bytes: bytes.length,
  };
  const origin = {
    stage: "s",
    stageVersion: 1,
    output: "rows",
    config: {},
    inputs: {},
    numerics: {},
    durationMs: 1,
  };
  const manifest = { format: 1, kind: "rows", kindVersion: 1, digest, contents, origin, versions: {} };
  writeFileSync(join(folder, "artifact.json"), JSON.stringify({ ...manifest, createdAt: "2026-01-01T00:00:00.000Z" }));
  return folder;
}

const digestOf = (n: number): string => String(n).repeat(32);

describe("verify", () => {
  it("names a table that is never read to its end, and gives a verdict on all others", async () => {
    write(digestOf(1), whole);
    const bad = write(digestOf(2), endless);
    write(digestOf(3), whole);
    const verdicts = await Effect.runPromise(
      Effect.flatMap(Store.entries(join(root, ".precipice")), (entries) =>
        Store.verifyAll(entries, () => undefined, limits),
      ),
    );
    expect(verdicts.map(({ problems }) => problems)).toEqual([
      [],
      ["rows.parquet: reading it took more than 1 s of processor time"],
      [],
    ]);
    const error = await Effect.runPromise(Effect.flip(boundedPreview(bad, 5, limits)));
    expect(error).toMatchObject({ code: "E_ARTIFACT_DAMAGED", path: bad });
    const shown = await Effect.runPromise(Artifact.boundedPreview(join(root, ".precipice/store/rows", digestOf(1)), 2));
    expect(shown.tables[0]?.first).toEqual([
      { a: "same", b: ["x", "y"], c: 0 },
      { a: "same", b: ["x", "y"], c: 1 },
    ]);
  });
});

describe("one process reads", () => {
  const child = new DecoderChild();
  afterAll(() => child.close());
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(root, name);
    writeFileSync(path, bytes);
    return path;
  };
  const read = (path: string, hash: string, limit?: number) => {
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const entry = { path: "rows.parquet", bytes, sha256: hash };
    return child.run({ path, entry, columns, ...(limit === undefined ? {} : { limit }) }, limits());
  };

  it("many files, also after one that was not there, was no table, or had other bytes", async () => {
    const good = file("good", whole);
    const text = new TextEncoder().encode("no table");
    expect(await read(good, sha256(whole))).toEqual({ type: "decoded", rows: 2000 });
    expect(await read(good, sha256(whole), 3)).toEqual({ type: "decoded", rows: 3 });
    expect(await read(join(root, "nowhere"), sha256(whole))).toMatchObject({ type: "unreadable" });
    expect(await read(file("text", text), sha256(text))).toMatchObject({ type: "unreadable" });
    expect(await read(good, sha256(text))).toEqual({ type: "skipped" });
    expect(await read(root, sha256(text))).toEqual({ type: "skipped" });
    expect(await read(good, sha256(whole))).toEqual({ type: "decoded", rows: 2000 });
  });
});
