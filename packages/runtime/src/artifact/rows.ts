/** Checking rows against their Schema before they are written: a wrong row is found where it is made, not where it is read. */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { RowSchema } from "./kind.ts";

/** A sentence that names the first bad row and column, `undefined` when every row fits. */
export function findBadRow(schema: RowSchema, rows: ReadonlyArray<unknown>): string | undefined {
  const codec = schema as unknown as Schema.Codec<unknown, unknown>;
  const fits = Schema.is(codec);
  const index = rows.findIndex((row) => !fits(row));
  if (index < 0) return undefined;
  const decoded = Schema.decodeUnknownResult(codec)(rows[index]);
  const reason = Result.isFailure(decoded) ? decoded.failure.message : "it does not fit the schema";
  return `row ${index}: ${reason.replace(/\s+/g, " ")}`;
}
