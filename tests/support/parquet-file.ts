/** Test support only: Parquet written by DuckDB, that is, by somebody else: nested columns, any compression, small row groups. */

import { randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** The bytes of what a query selects. A row group holds at least 2048 rows in DuckDB. */
export const parquetOf = async (
  select: string,
  options: {
    readonly compression?: "snappy" | "zstd" | "gzip" | "brotli" | "lz4_raw";
    readonly rowGroup?: number;
  } = {},
): Promise<Buffer> => {
  const file = join(tmpdir(), `precipice-${randomUUID()}.parquet`);
  const connection = await (await DuckDBInstance.create()).connect();
  try {
    const { compression = "snappy", rowGroup = 2048 } = options;
    const format = `FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${rowGroup}`;
    await connection.run(`COPY (${select}) TO '${file}' (${format})`);
    return readFileSync(file);
  } finally {
    connection.closeSync();
    rmSync(file, { force: true });
  }
};
