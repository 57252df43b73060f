/** Compressed data files, read by way of an unpacked copy that lives as long as the reading. */
import { createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { openFile } from "@precipice/files";
import { compressionOf } from "./dataset-format.ts";
import { opened } from "./read-text.ts";
import { failFile, type PlacedRow } from "./row.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** Text packs some 5 to 50 fold. What unpacks to more than this is made to fill a disk; small files may. */
const MOST_FOLD = 200;
const MOST_ALWAYS = 256 << 20;
const PIECE = 1 << 16;

/** The rows `read` finds in a file, or in what a `.gz` or `.zst` file holds; `name` loses that ending. */
export async function* unpacked(
  file: string,
  name: string,
  read: (file: string, name: string) => AsyncGenerator<PlacedRow>,
  always = MOST_ALWAYS,
): AsyncGenerator<PlacedRow> {
  const compression = compressionOf(name);
  if (compression === undefined) return yield* read(file, name);
  const folder = await mkdtemp(join(tmpdir(), "precipice-unpack-"));
  try {
    const plain = join(folder, "rows");
    const { handle, bytes } = await opened(name, () => openFile(file));
    const most = Math.max(always, MOST_FOLD * bytes);
    try {
      await (compression === "gz" ? unpackGzip : unpackZstd)(handle, bytes, plain, most);
    } catch (error) {
      failFile(`${name}: cannot be unpacked: ${(error as Error).message}`, "Download or write the file again", error);
    } finally {
      await handle.close();
    }
    yield* read(plain, name.slice(0, -compression.length - 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Unpack = (file: FileHandle, bytes: number, into: string, most: number) => Promise<void>;

const unpackGzip: Unpack = (file, bytes, into, most) =>
  pipeline(piecesOf(file, 0, bytes), createGunzip(), bounded(bytes, most), createWriteStream(into));

const unpackZstd: Unpack = async (file, bytes, into, most) => {
  let left = most;
  for await (const { start, end } of zstdFrames(file, bytes)) {
    const plain = createWriteStream(into, { flags: "a" });
    await pipeline(piecesOf(file, start, end), createZstdDecompress(), bounded(bytes, left), plain);
    left -= plain.bytesWritten;
  }
};

async function* piecesOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, end - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error("unexpected end of file");
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Passes on up to `most` bytes. */
const bounded = (packed: number, most: number): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= most) return done(null, chunk);
      done(new Error(`its ${packed.toLocaleString("en")} bytes unpack to more than ${MOST_FOLD} times as many`));
    },
  });
};
