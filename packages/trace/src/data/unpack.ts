/** Compressed data files, read by way of an unpacked copy that lives as long as the reading. */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { streamFile } from "@precipice/files";
import { compressionOf } from "./dataset-format.ts";
import { opened } from "./read-text.ts";
import { failFile, type PlacedRow } from "./row.ts";

/** Text packs some 5 to 50 fold. What unpacks to more than this is made to fill a disk; small files may. */
const MOST_FOLD = 200;
const MOST_ALWAYS = 256 << 20;

/** Passes on what is unpacked of the `packed` bytes read so far, up to the bound. */
const bounded = (packed: () => number, always: number): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= Math.max(always, MOST_FOLD * packed())) return done(null, chunk);
      done(new Error(`its first ${packed()} bytes unpack to more than ${bytes}, over ${MOST_FOLD} times as many`));
    },
  });
};

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
    const decoder = compression === "gz" ? createGunzip() : createZstdDecompress();
    const packed = await opened(name, () => streamFile(file));
    await pipeline(
      packed,
      decoder,
      bounded(() => packed.bytesRead, always),
      createWriteStream(plain),
    ).catch((error: Error) =>
      failFile(`${name}: cannot be unpacked: ${error.message}`, "Download or write the file again", error),
    );
    yield* read(plain, name.slice(0, -compression.length - 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
