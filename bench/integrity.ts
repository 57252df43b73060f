/**
 * What checked reads cost. A file of f32 vectors is read by windows, as a trainer of a probe reads it, once checked (each block
 * is hashed once in a process) and once unchecked; and the stored results of a run are hashed, beside the time its stages took.
 *
 *   npm run bench:integrity -- --bytes 2e9 --passes 3
 *   npm run bench:integrity -- --root FOLDER                 the results of that folder's store too
 *   npm run bench:integrity -- --json
 *
 * The work of a pass is one inner product of each vector with a direction. Medians over the rounds, checked and unchecked reads
 * in turn; each checked round forgets what was hashed before (the file gets another time of change).
 */
import { chmodSync, closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Artifact, Store } from "@precipice/runtime";
import { median } from "@precipice/stats";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { columnsOf } from "../packages/runtime/src/artifact/column.ts";
import { manifestText } from "../packages/runtime/src/artifact/manifest.ts";
import { findWrongBytes } from "../packages/runtime/src/artifact/reader.ts";
import { vectorBatches } from "../packages/runtime/src/artifact/vector-file.ts";
import type { ByteSource } from "../packages/runtime/src/artifact/verified-file.ts";
import { create } from "../packages/runtime/src/artifact/writer.ts";

const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: "2e9" },
    dim: { type: "string", default: "1536" },
    /** How often the vectors are read, as by a stage that takes one site after the other or trains over several epochs. */
    passes: { type: "string", default: "1" },
    rounds: { type: "string", default: "3" },
    folder: { type: "string", default: tmpdir() },
    root: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const dim = Number(values.dim);
const rowsPerBatch = 2048;
const passes = Number(values.passes);

const Vectors = Artifact.kind("bench-vectors", {
  version: 1,
  description: "Vectors",
  vectors: { points: Schema.Struct({ row: Schema.Int }) },
});

/** The same file without any check. */
const unchecked = (path: string): ByteSource => {
  const file = openSync(path, "r");
  return {
    size: statSync(path).size,
    read: async (into, at) => {
      for (let done = 0; done < into.length; ) {
        const read = readSync(file, into, done, into.length - done, at + done);
        if (read === 0) throw new Error(`${path} ends`);
        done += read;
      }
    },
    close: async () => closeSync(file),
  };
};

const write = async (folder: string): Promise<number> => {
  const { writer, seal } = create(Vectors, folder);
  const batches = Math.max(1, Math.round(Number(values.bytes) / (4 * dim * rowsPerBatch)));
  const data = Float32Array.from({ length: rowsPerBatch * dim }, (_, i) => Math.fround(Math.sin(i)));
  for (let i = 0; i < batches; i++) {
    data[i % data.length] = i;
    const columns = Array.from({ length: rowsPerBatch }, (_, row) => ({ row: i * rowsPerBatch + row }));
    await Effect.runPromise(writer.writeVectors("points", { columns, dim, data }));
  }
  const contents = await Effect.runPromise(seal);
  const origin = { stage: "s", stageVersion: 1, output: "o", config: {}, inputs: {}, numerics: {}, durationMs: 0 };
  writeFileSync(
    join(folder, "artifact.json"),
    manifestText({
      format: 1,
      kind: Vectors.name,
      kindVersion: 1,
      digest: "0",
      contents,
      origin,
      versions: {},
      createdAt: new Date().toISOString(),
    }),
  );
  return contents.bytes;
};

const direction = Float32Array.from({ length: dim }, (_, i) => Math.cos(i));
const sumOf = (data: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < data.length; at += dim)
    for (let i = 0; i < dim; i++) sum += (data[at + i] as number) * (direction[i] as number);
  return sum;
};

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
};

const readChecked = async (folder: string): Promise<void> => {
  const reader = Artifact.open(Vectors, folder, { digest: "0", node: "n" });
  for (let pass = 0; pass < passes; pass++)
    await Effect.runPromise(
      Stream.runForEach(reader.vectorBatches("points"), ({ data }) => Effect.sync(() => sumOf(data))),
    );
};

const readUnchecked = async (folder: string): Promise<void> => {
  for (let pass = 0; pass < passes; pass++) {
    const batches = vectorBatches(columnsOf(Vectors.vectors.points), unchecked(join(folder, "points.arrow")));
    await Effect.runPromise(
      Stream.runForEach(
        Stream.fromAsyncIterable(batches, (cause) => cause),
        ({ data }) => Effect.sync(() => sumOf(data)),
      ),
    );
  }
};

const vectorFile = async () => {
  const folder = mkdtempSync(join(values.folder, "precipice-integrity-"));
  try {
    const bytes = await write(folder);
    const path = join(folder, "points.arrow");
    await readUnchecked(folder); // into the page cache
    const checked: Array<number> = [];
    const plain: Array<number> = [];
    const again: Array<number> = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      plain.push(await seconds(() => readUnchecked(folder)));
      chmodSync(path, round % 2 === 0 ? 0o600 : 0o644);
      checked.push(await seconds(() => readChecked(folder)));
      again.push(await seconds(() => readChecked(folder)));
    }
    const [first, second, without] = [median(checked), median(again), median(plain)];
    return {
      bytes,
      passes,
      uncheckedSeconds: without,
      checkedSeconds: first,
      checkedAgainSeconds: second,
      ratio: first / without,
      ratioAgain: second / without,
      hashSeconds: first - without,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** All results of a store, hashed as their readers would, beside the time their stages took to make them. */
const stored = async (root: string) => {
  const entries = (await Effect.runPromise(Store.entries(join(root, ".precipice")))).filter(
    ({ manifest }) => manifest !== undefined && manifest.origin.shardRows === undefined,
  );
  let [bytes, workSeconds] = [0, 0];
  const made = new Map<string, number>();
  const hashSeconds = await seconds(async () => {
    for (const { path, manifest } of entries) {
      if (manifest === undefined) continue;
      const wrong = await Effect.runPromise(findWrongBytes(path, manifest));
      if (wrong !== undefined) throw new Error(`${path}: ${wrong}`);
      bytes += manifest.contents.bytes;
      const { stage, config, inputs, durationMs } = manifest.origin;
      made.set(JSON.stringify([stage, config, inputs]), durationMs / 1000); // outputs of one node took one time
    }
  });
  for (const took of made.values()) workSeconds += took;
  return { artifacts: entries.length, bytes, hashSeconds, workSeconds, share: hashSeconds / workSeconds };
};

const result = {
  ...(Number(values.bytes) > 0 ? { vectors: await vectorFile() } : {}),
  ...(values.root === undefined ? {} : { store: await stored(values.root) }),
};
console.log(JSON.stringify(result, null, values.json ? undefined : 2));
