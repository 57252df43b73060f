/** Is an artifact still what it was when it was made? Every byte is hashed, every table and vector set decoded and counted. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { decodeVectors } from "../artifact/arrow.ts";
import { type Column, columnsOf } from "../artifact/column.ts";
import { inventory } from "../artifact/inventory.ts";
import type { AnyKind, RowSchema } from "../artifact/kind.ts";
import { type Manifest, manifestFile } from "../artifact/manifest.ts";
import { decodeParquet } from "../artifact/parquet.ts";
import { findBadRow } from "../artifact/rows.ts";
import { io, readBytes } from "../io.ts";
import { canonicalJson } from "../plan/canonical.ts";
import { FailureRow, failuresTable } from "../shards/failures.ts";
import type { Entry } from "./entries.ts";

export interface Verdict {
  readonly kind: string;
  readonly digest: string;
  readonly bytes: number;
  readonly rows: number;
  /** Everything that is wrong; empty when nothing is. */
  readonly problems: ReadonlyArray<string>;
}

/** Checks one entry; `kind` is its declaration, when this program knows it. What cannot be read is a problem of the entry. */
export const verifyEntry = Effect.fn("Store.verify")(function* (entry: Entry, kind: AnyKind | undefined) {
  const { manifest, path, digest, bytes } = entry;
  if (manifest === undefined) {
    const problems = [entry.problem ?? "it is no artifact"];
    const verdict: Verdict = { kind: entry.kind, digest, bytes, rows: 0, problems };
    return verdict;
  }
  const problems: Array<string> = [];
  if (manifest.digest !== digest) problems.push(`artifact.json is that of ${manifest.digest}`);
  if (manifest.kind !== entry.kind) problems.push(`artifact.json is that of a ${manifest.kind}`);
  const compared = yield* io(path, () => compareFiles(path, manifest)).pipe(
    Effect.catch((error) => Effect.succeed({ problems: [error.message], wrong: null })),
  );
  problems.push(...compared.problems);
  /** What a decoder makes of other bytes than were written says nothing, and may take it for ever. */
  const decodes = (file: string): boolean => compared.wrong !== null && !compared.wrong.has(file);
  const declared = kind?.version === manifest.kindVersion ? kind : undefined;
  for (const [name, { file, rows, columns }] of Object.entries(manifest.contents.tables)) {
    const schema = name === failuresTable ? FailureRow : schemaIn(declared?.tables, name);
    problems.push(...compareColumns(name, columns, schema));
    if (!decodes(file)) continue;
    problems.push(...(yield* tableProblems(join(path, file), name, rows, columns as ReadonlyArray<Column>, schema)));
  }
  for (const [name, { file, rows, dim, columns }] of Object.entries(manifest.contents.vectors)) {
    problems.push(...compareColumns(name, columns, schemaIn(declared?.vectors, name)));
    if (!decodes(file)) continue;
    problems.push(...(yield* vectorProblems(join(path, file), name, rows, dim, columns as ReadonlyArray<Column>)));
  }
  for (const name of Object.keys({ ...declared?.tables, ...declared?.vectors })) {
    if (!Object.hasOwn(manifest.contents.tables, name) && !Object.hasOwn(manifest.contents.vectors, name))
      problems.push(`${name} is missing`);
  }
  const rows = Object.values(manifest.contents.tables).reduce((sum, table) => sum + table.rows, 0);
  const verdict: Verdict = { kind: entry.kind, digest, bytes, rows, problems };
  return verdict;
});

const schemaIn = (declared: { readonly [name: string]: RowSchema } | undefined, name: string): RowSchema | undefined =>
  declared !== undefined && Object.hasOwn(declared, name) ? declared[name] : undefined;

interface Compared {
  readonly problems: ReadonlyArray<string>;
  /** Files that are not what was written, or are not listed. */
  readonly wrong: ReadonlySet<string>;
}

async function compareFiles(folder: string, manifest: Manifest): Promise<Compared> {
  const found = new Map((await inventory(folder)).map((file) => [file.path, file]));
  found.delete(manifestFile);
  const wrong = new Set(
    [...Object.values(manifest.contents.tables), ...Object.values(manifest.contents.vectors)].map(({ file }) => file),
  );
  const problems: Array<string> = [];
  for (const { path, bytes, sha256 } of manifest.contents.files) {
    const file = found.get(path);
    found.delete(path);
    if (file === undefined) problems.push(`${path} is missing`);
    else if (file.bytes !== bytes) problems.push(`${path} has ${file.bytes} bytes, not ${bytes}`);
    else if (file.sha256 !== sha256) problems.push(`${path} has other bytes than when it was written`);
    else wrong.delete(path);
  }
  return { problems: [...problems, ...[...found.keys()].map((path) => `${path} does not belong here`)], wrong };
}

function compareColumns(name: string, columns: unknown, schema: RowSchema | undefined): ReadonlyArray<string> {
  if (schema === undefined || canonicalJson(columns) === canonicalJson(columnsOf(schema))) return [];
  return [`${name} has other columns than its kind declares`];
}

const tableProblems = (
  path: string,
  name: string,
  rows: number,
  columns: ReadonlyArray<Column>,
  schema: RowSchema | undefined,
) =>
  problemsOf(name, async () => {
    const found = await decodeParquet(columns, await readBytes(path));
    if (found.length !== rows) return `has ${found.length} rows, not ${rows}`;
    return schema === undefined ? undefined : findBadRow(schema, found);
  });

const vectorProblems = (path: string, name: string, rows: number, dim: number, columns: ReadonlyArray<Column>) =>
  problemsOf(name, async () => {
    const found = decodeVectors(columns, await readBytes(path));
    if (found.columns.length !== rows) return `has ${found.columns.length} vectors, not ${rows}`;
    return found.dim === dim ? undefined : `has vectors of ${found.dim} values, not ${dim}`;
  });

/** A file that does not decode is a problem of the artifact, not of the check. */
const problemsOf = (name: string, check: () => Promise<string | undefined>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() =>
    check().then(
      (problem) => (problem === undefined ? [] : [`${name} ${problem}`]),
      (cause) => [`${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`],
    ),
  );
