/**
 * Tables are read in a process of their own before they are read here: Parquet's decoder is not ours, and what a crafted file
 * makes of it (work without end, memory without end) then ends that process and is a sentence here. Vectors need none: the
 * framing of Arrow files is checked (`artifact/arrow-frame.ts`).
 */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import { damaged, type Manifest, readManifest } from "../artifact/manifest.ts";
import { preview } from "../artifact/preview.ts";
import type { Entry } from "../store/entries.ts";
import { type Verdict, verifyEntry } from "../store/verify.ts";
import { DecoderChild, limitsFor } from "./decoder-child.ts";
import type { Limits } from "./watch.ts";

/** Why a table of an artifact cannot be read here within limits, as a sentence; `undefined` when all can. */
export async function unboundedTable(
  child: DecoderChild,
  folder: string,
  { contents }: Manifest,
  limit?: number,
  limits: (bytes: number) => Limits = limitsFor,
): Promise<string | undefined> {
  for (const { file, columns } of Object.values(contents.tables)) {
    const entry = contents.files.find(({ path }) => path === file);
    if (entry === undefined || entry.path.split(/[/\\]/u).includes("..")) continue;
    const job = { path: join(folder, file), entry, columns, ...(limit === undefined ? {} : { limit }) };
    const outcome = await child.run(job, limits(entry.bytes));
    if (outcome.type === "ended") return `${file}: reading it ${outcome.reason}`;
  }
  return undefined;
}

const withChild = <A, E>(use: (child: DecoderChild) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => new DecoderChild()),
    use,
    (child) => Effect.sync(() => child.close()),
  );

/** `verify` for many entries: a table that takes too much is a problem of its artifact, and the next one is looked at. */
export const verifyAll = (
  entries: ReadonlyArray<Entry>,
  kindOf: (name: string) => AnyKind | undefined,
  limits: (bytes: number) => Limits = limitsFor,
) =>
  withChild((child) =>
    Effect.forEach(
      entries,
      Effect.fnUntraced(function* (entry: Entry) {
        const { manifest, kind, digest, bytes, path } = entry;
        const problem =
          manifest === undefined
            ? undefined
            : yield* Effect.promise(() => unboundedTable(child, path, manifest, undefined, limits));
        if (problem === undefined) return yield* verifyEntry(entry, kindOf(kind));
        const verdict: Verdict = { kind, digest, bytes, rows: 0, problems: [problem] };
        return verdict;
      }),
    ),
  );

/** `preview` of what nobody vouches for: `E_ARTIFACT_DAMAGED` where a table takes too much. */
export const boundedPreview = (folder: string, limit: number, limits: (bytes: number) => Limits = limitsFor) =>
  withChild((child) =>
    Effect.gen(function* () {
      const manifest = yield* readManifest(folder);
      const problem = yield* Effect.promise(() => unboundedTable(child, folder, manifest, limit, limits));
      if (problem !== undefined) return yield* Effect.fail(damaged(folder, problem));
      return yield* preview(folder, limit);
    }),
  );
