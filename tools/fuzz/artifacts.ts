/** Stored artifacts: a manifest that is changed itself, or one that fits the changed bytes of a table or of vectors. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Artifact, Store } from "@precipice/runtime";
import type { Random } from "@precipice/stats";
import * as Effect from "effect/Effect";
import { VectorEncoder } from "../../packages/runtime/src/artifact/arrow.ts";
import type { Column } from "../../packages/runtime/src/artifact/column.ts";
import { encodeParquet } from "../../packages/runtime/src/artifact/parquet.ts";
import type { Family } from "./family.ts";
import { madeOfJson } from "./json-family.ts";
import { mutateBytes, pick } from "./mutate.ts";

const columns: ReadonlyArray<Column> = [
  { name: "text", type: "string", nullable: true, list: false },
  { name: "words", type: "string", nullable: false, list: true },
  { name: "count", type: "int", nullable: false, list: false },
  { name: "flag", type: "boolean", nullable: false, list: false },
];
const row = (i: number) => ({
  text: i % 2 === 0 ? null : `t${i}`,
  words: ["x", "y"].slice(i % 3),
  count: i,
  flag: true,
});
const rows = (length: number) => Array.from({ length }, (_, i) => row(i));

const tables = [1, 6, 500].map((length) => new Uint8Array(encodeParquet(columns, rows(length))));

const vectors = [0, 1, 5].flatMap((length) =>
  (["f32", "f16"] as const).map((dtype) => {
    const encoder = new VectorEncoder(columns, 3, dtype);
    const data = dtype === "f16" ? new Uint16Array(3 * length) : new Float32Array(3 * length);
    const parts = [...encoder.write({ dim: 3, columns: rows(length), data }), ...encoder.finish()];
    return new Uint8Array(Buffer.concat(parts));
  }),
);

const digest = "a".repeat(32);

function manifest(file: string, bytes: Uint8Array) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const arrow = file.endsWith(".arrow");
  return {
    format: 1,
    kind: "rows",
    kindVersion: 1,
    digest,
    contents: {
      tables: arrow ? {} : { rows: { file, rows: 6, columns } },
      vectors: arrow ? { rows: { file, rows: 5, dim: 3, columns } } : {},
      files: [{ path: file, bytes: bytes.length, sha256 }],
      bytes: bytes.length,
    },
    origin: { stage: "s", stageVersion: 1, output: "rows", config: {}, inputs: {}, numerics: {}, durationMs: 1 },
    versions: {},
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

/** What `show` and `verify` do, on a store of this one artifact. `show` may refuse it; `verify` must give a verdict. */
async function look(folder: string, file: string, bytes: Uint8Array, text: string | Uint8Array): Promise<void> {
  const base = join(folder, ".precipice");
  const own = join(base, "store", "rows", digest);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, file), bytes);
  writeFileSync(join(own, "artifact.json"), text);
  const entries = await Effect.runPromise(Store.entries(base));
  await Effect.runPromise(Store.verifyAll(entries, () => undefined, limits));
  await Effect.runPromise(Artifact.boundedPreview(own, 3));
}

/** Well below those of a fuzzer's job, so that what ends is the decoder and never the fuzzer. */
const limits = () => ({ cpuMs: 2000, mebibytes: 512 });

const changed = (seeds: ReadonlyArray<Uint8Array>) => (draw: Random) => mutateBytes(draw, pick(draw, seeds));

export const parquet: Family = {
  name: "parquet",
  make: changed(tables),
  run: (input, folder) => look(folder, "rows.parquet", input, JSON.stringify(manifest("rows.parquet", input))),
};

export const arrow: Family = {
  name: "arrow",
  make: changed(vectors),
  run: (input, folder) => look(folder, "rows.arrow", input, JSON.stringify(manifest("rows.arrow", input))),
};

const table = tables[1] as Uint8Array;
const set = vectors[4] as Uint8Array;

export const manifests: Family = {
  name: "manifests",
  make: madeOfJson([manifest("rows.parquet", table), manifest("rows.arrow", set)]),
  run: async (input, folder) => {
    const isArrow = Buffer.from(input).includes("rows.arrow");
    await look(folder, isArrow ? "rows.arrow" : "rows.parquet", isArrow ? set : table, input);
  },
};
