/** What lies in the store under a root, for the tools that disturb a study and compare it with one that nobody disturbed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";

/** The files that a manifest lists; none where damage has made it unreadable. */
const filesIn = (manifest: string): ReadonlyArray<{ readonly path: string; readonly sha256: string }> => {
  try {
    return JSON.parse(manifest).contents.files;
  } catch {
    return [];
  }
};

/** sha256 of every file that an artifact of the store lists, shards included, by path in the store. */
export function storedHashes(root: string): ReadonlyMap<string, string> {
  const store = join(root, ".precipice/store");
  if (!existsSync(store)) return new Map();
  const manifests = (readdirSync(store, { recursive: true }) as string[]).filter((path) =>
    path.endsWith("artifact.json"),
  );
  return new Map(
    manifests.flatMap((path) =>
      filesIn(readFileSync(join(store, path), "utf8")).map((one) => [join(path, "..", one.path), one.sha256] as const),
    ),
  );
}

/** Digests of the artifacts that `verify` finds damaged. */
export const damagedDigests = (root: string): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const entries = yield* Store.entries(join(root, ".precipice"));
      const verdicts = yield* Effect.forEach(entries, (entry) => Store.verify(entry, undefined));
      return verdicts.filter(({ problems }) => problems.length > 0).map(({ digest }) => digest);
    }),
  );
