/** Everything in a store, as a list: what `verify`, `gc` and `pin` work on. Nothing odd in it ends the listing. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { listFiles } from "../artifact/inventory.ts";
import { findManifest, type Manifest, manifestFile } from "../artifact/manifest.ts";
import { listFolder, statOf } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";

export interface Entry {
  readonly kind: string;
  readonly digest: string;
  /** Absolute path. */
  readonly path: string;
  /** `undefined` when there is a `problem`. */
  readonly manifest: Manifest | undefined;
  /** Why it is no artifact that this version can read, as a sentence. */
  readonly problem?: string;
  /**
   * Not of this version's making, as far as it can tell: of a later format, no digest for a name, or with something in it that no
   * artifact holds. Nobody but its owner may remove it.
   */
  readonly foreign: boolean;
  readonly bytes: number;
  readonly createdMs: number;
}

/** Everything two levels below the store under `base`, in order of kind and digest. */
export const listEntries = Effect.fn("listEntries")(function* (base: string) {
  const store = join(base, "store");
  const entries: Array<Entry> = [];
  for (const kind of yield* names(store)) {
    const below = yield* names(join(store, kind.name)).pipe(Effect.option);
    if (!kind.isDirectory() || below._tag === "None") {
      entries.push(odd(kind.name, "", join(store, kind.name), "it is no folder of a kind"));
      continue;
    }
    for (const entry of below.value) {
      const path = join(store, kind.name, entry.name);
      entries.push(
        entry.isDirectory()
          ? yield* entryAt(kind.name, entry.name, path)
          : odd(kind.name, entry.name, path, "it is no folder of an artifact"),
      );
    }
  }
  return entries;
});

const odd = (kind: string, digest: string, path: string, problem: string): Entry => ({
  kind,
  digest,
  path,
  manifest: undefined,
  problem,
  foreign: true,
  bytes: 0,
  createdMs: 0,
});

/** As digests are made. */
const isDigest = (name: string): boolean => /^[0-9a-f]{32}$/u.test(name);

const entryAt = Effect.fnUntraced(function* (kind: string, digest: string, path: string) {
  const read = yield* findManifest(path).pipe(
    Effect.map((manifest) =>
      manifest === undefined ? { problem: `${manifestFile} is missing`, later: false } : { manifest, later: false },
    ),
    Effect.catch((error) =>
      Effect.succeed({ problem: within(error.message, path), later: error.code === "E_ARTIFACT_FORMAT" }),
    ),
  );
  const seen = yield* io(path, () => statOf(path)).pipe(Effect.orElseSucceed(() => undefined));
  if ("manifest" in read) {
    const entry: Entry = {
      kind,
      digest,
      path,
      manifest: read.manifest,
      foreign: false,
      bytes: read.manifest.contents.bytes,
      createdMs: Date.parse(read.manifest.createdAt),
    };
    return entry;
  }
  const sizes = yield* io(path, () => sizesIn(path)).pipe(Effect.orElseSucceed(() => undefined));
  const entry: Entry = {
    kind,
    digest,
    path,
    manifest: undefined,
    problem: read.problem,
    foreign: read.later || !isDigest(digest) || sizes === undefined,
    bytes: sizes ?? 0,
    createdMs: seen?.changedMs ?? 0,
  };
  return entry;
});

/** Messages begin with the folder, which a list of entries tells already. */
const within = (message: string, path: string): string =>
  message.replace(`${path} is damaged: `, "").replace(`${path}/`, "").replace(`${path} `, "it ");

/** Bytes of all files. Rejects where something else than files and folders lies there. */
async function sizesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await listFiles(folder)).map((file) => statOf(join(folder, file))));
  return sizes.reduce((sum, file) => sum + (file?.bytes ?? 0), 0);
}

const names = (path: string): Effect.Effect<Awaited<ReturnType<typeof listFolder>>, ArtifactError> =>
  io(path, async () => {
    const found = await listFolder(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return [];
      throw cause;
    });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  });
