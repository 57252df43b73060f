/** No bit of an Arrow file makes reading it work or allocate without end: counts and places are compared with the bytes first. */
import { describe, expect, it } from "vitest";
import { decodeColumns, decodeVectors, VectorEncoder, vectorsOf } from "../../packages/runtime/src/artifact/arrow.ts";
import { checkArrow } from "../../packages/runtime/src/artifact/arrow-frame.ts";
import type { Column } from "../../packages/runtime/src/artifact/column.ts";

const columns: ReadonlyArray<Column> = [
  { name: "text", type: "string", nullable: false, list: false },
  { name: "count", type: "int", nullable: true, list: false },
  { name: "flag", type: "boolean", nullable: false, list: false },
  { name: "words", type: "string", nullable: false, list: true },
];

const row = (i: number) => ({
  text: `t${i}é`,
  count: i % 2 === 0 ? null : i,
  flag: i % 2 === 0,
  words: Array.from({ length: i % 3 }, (_, k) => `w${k}`),
});

function fileOf(dtype: "f32" | "f16", rows: number, batches = 1, dim = 3): Uint8Array {
  const encoder = new VectorEncoder(columns, dim, dtype);
  const parts: Array<Uint8Array> = [];
  for (let i = 0; i < batches; i++) {
    const data = dtype === "f16" ? new Uint16Array(rows * dim) : new Float32Array(rows * dim).fill(2);
    parts.push(...encoder.write({ dim, columns: Array.from({ length: rows }, (_, k) => row(k)), data }));
  }
  parts.push(...encoder.finish());
  return new Uint8Array(Buffer.concat(parts));
}

/** kind, file, rows */
const FILES: ReadonlyArray<readonly [string, Uint8Array, number]> = [
  ["f32", fileOf("f32", 5), 5],
  ["f16", fileOf("f16", 5), 5],
  ["three batches", fileOf("f32", 2, 3), 6],
  ["no rows", fileOf("f32", 0), 0],
  ["a bare stream", fileOf("f32", 5).slice(8), 5],
  ["vectors of no values", fileOf("f32", 5, 1, 0), 5],
];

describe("a whole file is read: ", () => {
  it.each(FILES)("%s", (_, file, rows) => {
    expect(decodeVectors(columns, file).columns).toHaveLength(rows);
    expect(vectorsOf(file).dim).toBe(_ === "vectors of no values" ? 0 : 3);
  });
});

/** A fixed sequence. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state;
  }
}

describe("a flipped bit is an error, or leaves as many rows as the bytes can stand for: ", () => {
  it.each(FILES)("%s", (_, good) => {
    const random = numbers(good.length);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const file = good.slice();
      const at = random.next().value % file.length;
      file[at] = (file[at] as number) ^ (1 << ((random.next().value >>> 8) % 8));
      try {
        const { columns: rows, data } = decodeVectors(columns, file);
        expect(rows.length).toBeLessThanOrEqual(file.length);
        expect(data.byteLength).toBeLessThanOrEqual(2 * file.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message.length).toBeLessThan(300);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});

/** A copy with other 32 bits at byte `at`. */
function set(file: Uint8Array, at: number, value: number): Uint8Array {
  const copy = file.slice();
  new DataView(copy.buffer).setInt32(at, value, true);
  return copy;
}

const good = fileOf("f32", 5);
const view = new DataView(good.buffer);
const schemaBytes = view.getInt32(12, true);
const batchAt = 16 + schemaBytes;
const footerLengthAt = good.length - 10;

/** what, file, what is said of it */
const CRAFTED: ReadonlyArray<readonly [string, Uint8Array, RegExp]> = [
  ["nothing", new Uint8Array(0), /ends before its columns/],
  ["magic and nothing", new TextEncoder().encode("ARROW1\0\0"), /does not end as an Arrow file/],
  ["cut in the middle", good.slice(0, good.length >> 1), /does not end as an Arrow file/],
  ["metadata longer than the file", set(good, 12, 0x7fffffff), /longer than the file/],
  ["metadata of less than nothing", set(good, 12, -8), /longer than the file/],
  ["a message without its mark", set(good, 8, 7), /no message at byte 8/],
  ["a batch without its mark", set(good, batchAt, 0), /no message at byte/],
  ["a table outside its metadata", set(good, 16, 0x7ffffff0), /points at byte/],
  ["a batch's table outside its metadata", set(good, batchAt + 8, 0x7ffffff0), /points at byte/],
  ["a footer longer than the file", set(good, footerLengthAt, 0x7fffffff), /footer of 2147483647 bytes/],
  ["a footer of no bytes", set(good, footerLengthAt, 0), /footer of 0 bytes/],
  [
    "two files in one",
    new Uint8Array(Buffer.concat([good.subarray(0, batchAt), good])),
    /no message at byte|other batches/,
  ],
];

describe("is refused: ", () => {
  it.each(CRAFTED)("%s", (_, file, said) => {
    expect(() => checkArrow(file)).toThrow(said);
    expect(() => decodeVectors(columns, file)).toThrow(said);
    expect(() => decodeColumns(columns, file)).toThrow(said);
  });
});
