/**
 * The framing of an Arrow file, checked before the Arrow library sees it: the library believes every length, so that one bit in a
 * count of rows or fields makes it work for ever or allocate without end. What passes here has no more rows and values than bytes
 * stand for. Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import { type ColumnShape, HEADERS, shapesOf } from "./arrow-schema.ts";
import { countAt, FlatTable } from "./flatbuffer.ts";

const magic = "ARROW1";

/**
 * Checks a whole file, or a stream of the same messages; the stream may end after any message.
 *
 * @throws Error with what does not fit, as a sentence.
 */
export function checkArrow(bytes: Uint8Array): void {
  const inFile = isMagic(bytes, 0);
  const end = inFile ? footerStart(bytes) : bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let shapes: ReadonlyArray<ColumnShape> | undefined;
  const batches: Array<Block> = [];
  for (let at = inFile ? 8 : 0; at < end; ) {
    if (at + 8 > end || view.getInt32(at, true) !== -1) throw new Error(`there is no message at byte ${at}`);
    const length = view.getInt32(at + 4, true);
    if (length === 0) break;
    if (length < 0 || at + 8 + length > end) throw new Error(`the message at byte ${at} is longer than the file`);
    const metadata = bytes.subarray(at + 8, at + 8 + length);
    const { header, kind, bodyBytes } = checkMessage(metadata);
    const bodyAt = at + 8 + length;
    if (bodyAt + bodyBytes > end) throw new Error(`the batch at byte ${at} is longer than the file`);
    if (shapes === undefined) {
      if (kind !== HEADERS.schema || bodyBytes !== 0) throw new Error("it does not begin with its columns");
      shapes = shapesOf(header);
    } else if (kind !== HEADERS.batch) throw new Error(`the message at byte ${at} is no batch`);
    else {
      batches.push([at, 8 + length, bodyBytes]);
      checkBatch(header, shapes, bytes.subarray(bodyAt, bodyAt + bodyBytes));
    }
    at = bodyAt + bodyBytes;
  }
  if (shapes === undefined) throw new Error("it ends before its columns");
  if (inFile) checkFooter(bytes, end, shapes, batches);
}

/** The metadata of one message: its header, which kind it is, and how many bytes of body follow. */
export function checkMessage(metadata: Uint8Array): {
  readonly header: FlatTable;
  readonly kind: number;
  readonly bodyBytes: number;
} {
  const message = FlatTable.root(metadata);
  const header = message.table(2);
  const kind = message.uint8(1);
  if (header === undefined || (kind !== HEADERS.schema && kind !== HEADERS.batch))
    throw new Error("a message is neither its columns nor a batch");
  if (kind === HEADERS.schema) shapesOf(header);
  else partsOf(header);
  return { header, kind, bodyBytes: message.count(3) };
}

/** Where a batch begins, the bytes of its prefix and metadata, and those of its body. */
type Block = readonly [at: number, metadata: number, body: number];

interface Piece {
  readonly at: number;
  readonly length: number;
}

/** What the metadata of a batch says of it. */
function partsOf(header: FlatTable) {
  if (header.has(3)) throw new Error("a batch is compressed");
  return { rows: header.count(0), nodes: pairsOf(header, 1), buffers: pairsOf(header, 2) };
}

/** A batch against its columns and the bytes behind it. */
function checkBatch(header: FlatTable, shapes: ReadonlyArray<ColumnShape>, body: Uint8Array): void {
  const { rows, nodes, buffers } = partsOf(header);
  for (const { at, length } of buffers) {
    if (at + length > body.length) throw new Error(`a batch of ${body.length} bytes has a buffer up to ${at + length}`);
  }
  if (rows > body.length * 8) throw new Error(`a batch of ${body.length} bytes counts ${rows} rows`);
  const take = { nodes: nodes[Symbol.iterator](), buffers: buffers[Symbol.iterator](), body };
  for (const shape of shapes) checkColumn(shape, rows, take);
  if (take.nodes.next().done !== true || take.buffers.next().done !== true)
    throw new Error("a batch has more buffers than columns");
}

interface Taken {
  readonly nodes: Iterator<Piece>;
  readonly buffers: Iterator<Piece>;
  readonly body: Uint8Array;
}

/** `rows` values, or at least so many where the offsets of a list need not reach the last. */
function checkColumn(shape: ColumnShape, rows: number, taken: Taken, more = false): void {
  const node = taken.nodes.next().value as Piece | undefined;
  if (node === undefined) throw new Error("a batch has fewer columns than its schema");
  const { at: length, length: nulls } = node;
  if (more ? length < rows : length !== rows) throw new Error(`a column counts ${length} values for ${rows}`);
  if (nulls > length) throw new Error(`a column of ${length} values counts ${nulls} without one`);
  const valid = nextBuffer(taken);
  if (nulls > 0) needBytes(valid, Math.ceil(length / 8), rows);
  switch (shape.type) {
    case "values":
      needBytes(nextBuffer(taken), Math.ceil((length * shape.bits) / 8), rows);
      return;
    case "text": {
      const last = lastOffset(nextBuffer(taken), length, taken.body);
      needBytes(nextBuffer(taken), last, rows);
      return;
    }
    case "list":
      checkColumn(shape.item, lastOffset(nextBuffer(taken), length, taken.body), taken, true);
      return;
    case "vector":
      checkColumn(shape.item, length * shape.size, taken);
  }
}

function nextBuffer({ buffers }: Taken): Piece {
  const next = buffers.next();
  if (next.done === true) throw new Error("a batch has fewer buffers than its columns");
  return next.value;
}

function needBytes({ length }: Piece, needed: number, rows: number): void {
  if (length < needed) throw new Error(`a column of ${rows} rows has ${length} of ${needed} bytes`);
}

/** The last of `length + 1` offsets, which must begin at 0 or above and never fall. */
function lastOffset(buffer: Piece, length: number, body: Uint8Array): number {
  if (length === 0) return 0;
  needBytes(buffer, 4 * (length + 1), length);
  const view = new DataView(body.buffer, body.byteOffset + buffer.at, 4 * (length + 1));
  let last = view.getInt32(0, true);
  if (last < 0) throw new Error("a column begins before its values");
  for (let i = 1; i <= length; i++) {
    const next = view.getInt32(4 * i, true);
    if (next < last) throw new Error(`value ${i} of a column ends before it begins`);
    last = next;
  }
  return last;
}

/** Vectors of pairs of 64-bit numbers: nodes (length, nulls) and buffers (place, length). */
function pairsOf(header: FlatTable, field: number): ReadonlyArray<Piece> {
  const { bytes, at } = header.structs(field, 16);
  return at.map((place) => ({ at: countAt(bytes, place), length: countAt(bytes, place + 8) }));
}

const isMagic = (bytes: Uint8Array, at: number): boolean =>
  at >= 0 && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", at, at + 6) === magic;

/** Where the footer begins: its length and the magic are the last ten bytes. */
function footerStart(bytes: Uint8Array): number {
  const lengthAt = bytes.length - magic.length - 4;
  if (lengthAt < 8 || !isMagic(bytes, bytes.length - magic.length)) throw new Error("it does not end as an Arrow file");
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(lengthAt, true);
  if (length <= 0 || length > lengthAt - 8) throw new Error(`it has a footer of ${length} bytes`);
  return lengthAt - length;
}

/** The footer has the columns again, and must name the batches where they are, each once. */
function checkFooter(
  bytes: Uint8Array,
  start: number,
  shapes: ReadonlyArray<ColumnShape>,
  batches: ReadonlyArray<Block>,
): void {
  const footer = FlatTable.root(bytes.subarray(start, bytes.length - magic.length - 4));
  const schema = footer.table(1);
  if (schema === undefined || JSON.stringify(shapesOf(schema)) !== JSON.stringify(shapes))
    throw new Error("its footer has other columns");
  if (footer.structs(2, 24).at.length > 0) throw new Error("it has dictionaries");
  const { bytes: view, at } = footer.structs(3, 24);
  const named = at.map(
    (place): Block => [countAt(view, place), view.getInt32(place + 8, true), countAt(view, place + 16)],
  );
  if (named.length !== batches.length || named.some((block, i) => String(block) !== String(batches[i])))
    throw new Error("its footer names other batches");
}
