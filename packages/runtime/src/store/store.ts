/**
 * The content-addressed store: `.precipice/store/<kind>/<digest>/` under a root. Results are written in a private folder,
 * flushed, and renamed into place: a digest exists whole or not at all, whoever else is running.
 */
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { AnyKind } from "../artifact/kind.ts";
import { damaged, type Manifest } from "../artifact/manifest.ts";
import { listFolder, remove, removeFolder } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { type Found, findIn, type Look } from "./found.ts";
import { type LockOptions, lock, sweepLocks } from "./lock.ts";
import { claim, isOrphan, nameOf } from "./owner.ts";
import { publishFolder } from "./publish.ts";

export interface Store {
  /** Absolute folder that holds `.precipice` and `runs`. */
  readonly root: string;
  /** Absolute `.precipice`. */
  readonly base: string;
  readonly pathOf: (kind: AnyKind, digest: string) => string;
  /** Where work in progress on `digest` may lie: it survives a kill, and goes when the digest is published. */
  readonly scratchOf: (digest: string) => string;
  /** Looks a digest up. */
  readonly find: (kind: AnyKind, digest: string, look?: Look) => Effect.Effect<Found, ArtifactError>;
  /** A private folder on the store's file system (not created yet), removed with the scope with what it still holds. */
  readonly workspace: Effect.Effect<string, ArtifactError, Scope.Scope>;
  /** Holds the lock `name` (a digest, or `run-` and the id of a run) for the scope; succeeds with whether it had to wait. */
  readonly lock: (name: string, options?: LockOptions) => Effect.Effect<boolean, ArtifactError, Scope.Scope>;
  /**
   * Publishes a written folder under its digest. When another run was first, its result stays and this one is dropped,
   * unless `replace` (a forced, damaged or half-present result) asks for this one.
   */
  readonly publish: (
    folder: string,
    kind: AnyKind,
    manifest: Manifest,
    replace: boolean,
  ) => Effect.Effect<void, ArtifactError>;
  /** Removes what killed processes of this machine left; succeeds with how many folders and locks that were (or would be). */
  readonly sweep: (dryRun: boolean) => Effect.Effect<number, ArtifactError>;
}

/** The store under `root` (created when something is published). Leftovers of killed runs are swept. */
export const open = Effect.fn("Store.open")(function* (root: string, options: { readonly sweep?: boolean } = {}) {
  const base = join(resolve(root), ".precipice");
  const temporary = join(base, "tmp");
  const pathOf = (kind: AnyKind, digest: string): string => join(base, "store", kind.name, digest);
  const scratchOf = (digest: string): string => join(base, "scratch", digest);
  if (options.sweep ?? true) yield* io(temporary, () => sweep(base, false));

  const find = (kind: AnyKind, digest: string, look?: Look) => findIn(pathOf(kind, digest), look);

  const workspace = Effect.acquireRelease(
    Effect.sync(() => join(temporary, nameOf(claim()))),
    (folder) => Effect.promise(() => removeFolder(folder).catch(() => undefined)),
  );

  const publish = Effect.fnUntraced(function* (folder: string, kind: AnyKind, manifest: Manifest, replace: boolean) {
    const target = pathOf(kind, manifest.digest);
    const first = yield* io(target, () => publishFolder({ folder, target, kind, manifest, root: store.root, replace }));
    if (first) return;
    // Another run's result is there: it must be as whole as this one, which goes with its workspace.
    const published = yield* find(kind, manifest.digest);
    if (published.state !== "present") {
      return yield* damaged(
        target,
        published.state === "damaged" ? published.what : "it vanished while being published",
      );
    }
  });

  const store: Store = {
    root: resolve(root),
    base,
    pathOf,
    scratchOf,
    find,
    workspace,
    lock: (name, options) => lock(join(base, "locks", `${name}.lock`), options),
    publish,
    sweep: (dryRun) => io(temporary, () => sweep(base, dryRun)),
  };
  return store;
});

/** Removes temporary folders and locks whose process no longer runs; returns how many there were. */
async function sweep(base: string, dryRun: boolean): Promise<number> {
  const temporary = join(base, "tmp");
  let swept = 0;
  for (const { name } of await listFolder(temporary).catch(() => [])) {
    if (!isOrphan(name)) continue;
    swept += 1;
    if (!dryRun) await remove(join(temporary, name));
  }
  return swept + (await sweepLocks(join(base, "locks"), dryRun));
}
