/**
 * Vectors of a file batch by batch: memory is one batch, and of batches that nobody wants only the columns are read. So a
 * consumer takes one site after the other out of a file that is larger than memory.
 */
import { Message, type MessageHeader } from "apache-arrow";
import { decodeColumns, decodeVectors, type VectorDType, vectorsOf } from "./arrow.ts";
import type { BatchSize } from "./arrow-file-writer.ts";
import { checkMessage } from "./arrow-frame.ts";
import type { Column } from "./column.ts";
import type { Row } from "./parquet.ts";
import type { VectorSet } from "./reader.ts";
import type { ByteSource } from "./verified-file.ts";

/** Closes `file` at its end. Batches in file order, empty ones left out; with `pick` only those in which it accepts a row, whole. */
export async function* vectorBatches(
  columns: ReadonlyArray<Column>,
  file: ByteSource,
  pick?: (row: Row) => boolean,
): AsyncGenerator<VectorSet<Row>> {
  try {
    let schema: Uint8Array | undefined;
    for (let offset = await firstMessage(file); ; ) {
      const frame = await nextFrame(file, offset);
      if (frame === undefined) return;
      offset += frame.bytes;
      if (schema === undefined) {
        schema = await readAt(file, frame.offset, frame.bytes);
        continue;
      }
      if (frame.rows === 0) continue;
      const whole = new Uint8Array(schema.length + frame.bytes); // a stream of this one batch
      whole.set(schema);
      const own = whole.subarray(schema.length);
      const early = pick === undefined ? own.length : frame.vectorsAt;
      await file.read(own.subarray(0, early), frame.offset);
      if (pick !== undefined) {
        if (!decodeColumns(columns, whole).some(pick)) continue;
        await file.read(own.subarray(early), frame.offset + early);
      }
      yield decodeVectors(columns, whole);
    }
  } finally {
    await file.close();
  }
}

const copyBytes = 1 << 20;

/**
 * The batches of a file as they lie there, for another file of the same columns: no row is decoded. `begin` gets the width and
 * type of the vectors first; then, for each batch, `next` gets its size and `take` its bytes, piece after piece.
 *
 * @throws Error when the file is not such a file.
 */
export async function copyBatches(
  file: ByteSource,
  begin: (dim: number, dtype: VectorDType) => Promise<void>,
  next: (batch: BatchSize & { readonly rows: number }) => Promise<void>,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    const start = await firstMessage(file);
    const schema = await nextFrame(file, start);
    if (schema === undefined) throw new Error("the file ends before its first batch");
    const { dim, dtype } = vectorsOf(await readAt(file, start, schema.bytes));
    await begin(dim, dtype);
    const buffer = new Uint8Array(copyBytes);
    for (let offset = start + schema.bytes; ; ) {
      const frame = await nextFrame(file, offset);
      if (frame === undefined) return;
      const end = offset + frame.bytes;
      await next({ rows: frame.rows, metaDataLength: frame.bytes - frame.body, bodyLength: frame.body });
      for (; offset < end; offset += Math.min(buffer.length, end - offset)) {
        const piece = buffer.subarray(0, Math.min(buffer.length, end - offset));
        await file.read(piece, offset);
        await take(piece);
      }
    }
  } finally {
    await file.close();
  }
}

const magic = "ARROW1\0\0";

/** Where the schema's message begins: behind the magic of a file, or at once in a bare stream. */
async function firstMessage(file: ByteSource): Promise<number> {
  const start = await readAt(file, 0, magic.length);
  return Buffer.from(start).toString("latin1") === magic ? magic.length : 0;
}

interface Frame {
  readonly offset: number;
  /** Prefix, metadata and body. */
  readonly bytes: number;
  /** Of these, the body. */
  readonly body: number;
  readonly rows: number;
  /** Where the vectors' values begin, behind all other columns; relative to `offset`. */
  readonly vectorsAt: number;
}

/** The message at `offset`: `-1`, length of the metadata, metadata, body. undefined at its end. */
async function nextFrame(file: ByteSource, offset: number): Promise<Frame | undefined> {
  const prefix = await readAt(file, offset, 8);
  const [mark, length] = new Int32Array(prefix.buffer, 0, 2) as unknown as [number, number];
  if (mark !== -1 || length < 0) throw new Error(`no Arrow message at byte ${offset}`);
  if (length === 0) return undefined;
  if (offset + 8 + length > file.size) throw new Error(`the message at byte ${offset} is longer than the file`);
  const metadata = await readAt(file, offset + 8, length);
  checkMessage(metadata);
  const message = Message.decode(metadata) as Message<MessageHeader>;
  const start = 8 + length; // of the body
  const body = message.bodyLength;
  const bytes = start + body;
  if (body < 0 || offset + bytes > file.size) throw new Error(`the batch at byte ${offset} is longer than the file`);
  if (!message.isRecordBatch()) return { offset, bytes, body, rows: 0, vectorsAt: bytes };
  const header = message.header();
  const last = header.buffers.at(-1); // `vector` is the last column and its values the last buffer
  const vectorsAt = last === undefined ? bytes : start + last.offset;
  if (vectorsAt < start || vectorsAt > bytes || header.length < 0)
    throw new Error(`the batch at byte ${offset} has a buffer outside of itself`);
  return { offset, bytes, body, rows: header.length, vectorsAt };
}

async function readAt(file: ByteSource, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const into = new Uint8Array(bytes);
  await file.read(into, offset);
  return into;
}
