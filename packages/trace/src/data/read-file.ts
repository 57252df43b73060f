/** A data file on this machine, whichever of the formats it has. */

import { accessSync, constants } from "node:fs";
import { checkFile } from "@precipice/files";
import { asyncBufferFromFile } from "hyparquet";
import { compressionOf } from "./dataset-format.ts";
import { readCsv } from "./read-csv.ts";
import { readJson, readJsonLines } from "./read-json.ts";
import { readParquet } from "./read-parquet.ts";
import { failFile, type PlacedRow, type Wanted } from "./row.ts";

export type Format = "jsonl" | "json" | "csv" | "tsv" | "parquet";

/** The format by a file's ending, before that of a compression. */
export const formatOf = (file: string): Format | undefined => {
  const compression = compressionOf(file);
  const plain = compression === undefined ? file : file.slice(0, -compression.length - 1);
  const ending = /\.([a-z]+)$/i.exec(plain)?.[1]?.toLowerCase();
  if (ending === "ndjson") return "jsonl";
  return (["jsonl", "json", "csv", "tsv", "parquet"] as const).find((format) => format === ending);
};

const checkThere = (file: string, name: string): void => {
  try {
    checkFile(file);
    accessSync(file, constants.R_OK);
  } catch (error) {
    const { message } = error as Error;
    failFile(`${name} cannot be read: ${message}`, "Check the path; it is relative to the pipeline file", error);
  }
};

/** Rows of a file that messages call `name`. */
export async function* readDataFile(
  file: string,
  name: string,
  wanted: Wanted,
  delimiter?: string,
): AsyncGenerator<PlacedRow> {
  const format = formatOf(name);
  if (format === undefined)
    failFile(
      `${name}: is in no known format`,
      "Use .jsonl, .json, .csv, .tsv or .parquet; the first four also in .gz or .zst",
    );
  checkThere(file, name);
  if (format === "jsonl") yield* readJsonLines(file, name);
  else if (format === "json") yield* readJson(file, name);
  else if (format === "parquet") yield* readParquet(await asyncBufferFromFile(file), name, wanted);
  else yield* readCsv(file, name, delimiter ?? (format === "tsv" ? "\t" : ","), wanted);
}
