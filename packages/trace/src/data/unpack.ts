/** Compressed data files, read by way of an unpacked copy that lives as long as the reading. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { compressionOf } from "./dataset-format.ts";
import { failFile, type PlacedRow } from "./row.ts";

/** The rows `read` finds in a file, or in what a `.gz` or `.zst` file holds; `name` loses that ending. */
export async function* unpacked(
  file: string,
  name: string,
  read: (file: string, name: string) => AsyncGenerator<PlacedRow>,
): AsyncGenerator<PlacedRow> {
  const compression = compressionOf(name);
  if (compression === undefined) return yield* read(file, name);
  const folder = await mkdtemp(join(tmpdir(), "precipice-unpack-"));
  try {
    const plain = join(folder, "rows");
    const decoder = compression === "gz" ? createGunzip() : createZstdDecompress();
    await pipeline(createReadStream(file), decoder, createWriteStream(plain)).catch((error: Error) =>
      failFile(`${name}: cannot be unpacked: ${error.message}`, "Download or write the file again", error),
    );
    yield* read(plain, name.slice(0, -compression.length - 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
