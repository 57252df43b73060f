/** CSV and TSV with a header line. TSV is quoted as CSV is: that is how pandas, DuckDB and spreadsheets write it. */
import { clip } from "@precipice/files";
import { csvRecords, QUOTING } from "./csv-records.ts";
import { textChunks } from "./read-text.ts";
import { checkColumns, checkNames, failFile, type PlacedRow, type Wanted } from "./row.ts";

/** Streams a file row by row. A row's place is the line it begins on. A blank cell is none: null. */
export async function* readCsv(
  file: string,
  name: string,
  separator: string,
  { required }: Wanted,
): AsyncGenerator<PlacedRow> {
  if (separator.length !== 1)
    failFile(
      `${name}: the separator ${JSON.stringify(separator)} is not one character`,
      "Write it with a comma or a tab",
    );
  let header: ReadonlyArray<string> | undefined;
  let count = 0;
  for await (const { cells, line } of csvRecords(textChunks(file, name), name, separator)) {
    const place = `${name}:${line}`;
    if (header === undefined) {
      checkNames(place, cells);
      checkColumns(place, required, cells);
      header = cells;
      continue;
    }
    if (cells.length !== header.length)
      failFile(
        `${place}: Invalid Record Length: there ${cells.length === 1 ? "is 1 cell" : `are ${cells.length} cells`}, and the header has ${header.length} columns (${clip(header.join(", "), 200)})`,
        QUOTING,
      );
    count++;
    const row = Object.fromEntries(header.map((column, i) => [column, cells[i] === "" ? null : cells[i]]));
    yield { row, place, id: `row-${count}` };
  }
}
