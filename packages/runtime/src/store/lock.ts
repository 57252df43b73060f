/**
 * Locks that also work on network file systems: no flock, no hard links, no clocks compared. A lock is a folder that holds
 * one file named after the holder's token.
 *
 * - Taking: such a folder lies ready aside and is renamed into place. Rename onto a folder that is not empty fails, so of many
 *   that try one wins.
 * - Letting go: it is renamed back, if it is still the holder's own.
 * - A dead holder: its file is removed *by its token*. A lock that somebody took meanwhile has another token, so two that
 *   recover at once cannot take each other's lock away.
 * - Dead is a process of this machine that no longer runs, or a holder elsewhere whose heartbeat did not change for `staleMs`
 *   of our own time.
 */
import { dirname, join } from "node:path";
import { readFileText } from "@precipice/files";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import { isMissing, listFolder, remove, removeEmpty, rename, statOf, unlink, writeChunks } from "../disk.ts";
import type { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { type LockFolder, LockFolders } from "./lock-folders.ts";
import { isOrphan, Owner, stateOf } from "./owner.ts";

export interface LockOptions {
  /** How often a holder shows that it lives. */
  readonly beatMs?: number;
  /** How long a holder on another machine may be silent. */
  readonly staleMs?: number;
  /** How often a waiter looks. */
  readonly pollMs?: number;
  /** Called once, when the lock turns out to be taken. */
  readonly onWait?: (holder: Owner | undefined) => void;
}

/** What a lock file holds: the owner, then one dot per heartbeat. */
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Owner));

/** Takes the lock at `path` for the scope; waits while another holds it. Succeeds with whether it had to wait. */
export const lock = (path: string, options: LockOptions = {}): Effect.Effect<boolean, ArtifactError, Scope.Scope> => {
  const { beatMs = 5000, staleMs = 60_000, pollMs = 50, onWait } = options;
  const take = Effect.suspend(() => {
    const hand: Hand = { folders: LockFolders.enter(dirname(path)), folder: undefined };
    return Effect.onError(wait(hand), () => Effect.promise(() => hand.folders.leave(hand.folder)));
  });
  const wait = Effect.fnUntraced(function* (hand: Hand) {
    let seen = { text: "", since: performance.now() };
    let waited = false;
    while (!(yield* io(path, () => tryTake(path, hand)))) {
      const held = yield* io(path, () => readHolder(path));
      if (held === undefined) continue;
      if (held.text !== seen.text) seen = { text: held.text, since: performance.now() };
      const state = held.owner === undefined ? "unknown" : stateOf(held.owner);
      if (state === "dead" || (state === "unknown" && performance.now() - seen.since > staleMs)) {
        yield* io(path, () => unlink(held.file).catch(ignoring("ENOENT")));
        continue;
      }
      if (!waited) onWait?.(held.owner);
      waited = true;
      // Not in step with others that wait.
      yield* Effect.interruptible(Effect.sleep(pollMs * (0.5 + Math.random())));
    }
    const file = join(path, (hand.folder as LockFolder).owner.token);
    const timer = setInterval(() => void beat(file), beatMs);
    timer.unref();
    return { hand, waited, file, timer };
  });
  const letGo = ({ hand, file, timer }: Effect.Success<typeof take>) =>
    Effect.promise(async () => {
      clearInterval(timer);
      await hand.folders.leave(await putBack(file, hand.folder as LockFolder).catch(() => undefined));
    });
  return Effect.map(Effect.acquireRelease(take, letGo), ({ waited }) => waited);
};

/** Holders of locks in `folder` by lock name; those that are dead for certain are left out. */
export async function liveLocks(folder: string): Promise<ReadonlyMap<string, Owner | undefined>> {
  const found = new Map<string, Owner | undefined>();
  for (const entry of await listFolder(folder).catch(orEmpty)) {
    if (!entry.isDirectory() || !entry.name.endsWith(".lock")) continue;
    const held = await readHolder(join(folder, entry.name));
    if (held === undefined || (held.owner !== undefined && stateOf(held.owner) === "dead")) continue;
    found.set(entry.name.slice(0, -".lock".length), held.owner);
  }
  return found;
}

/** Removes what dead holders of this machine left in `folder`; returns how many locks and preparations that were. */
export async function sweepLocks(folder: string, dryRun: boolean): Promise<number> {
  let swept = 0;
  for (const entry of await listFolder(folder).catch(orEmpty)) {
    const path = join(folder, entry.name);
    if (isOrphan(entry.name)) {
      swept += 1;
      if (!dryRun) await remove(path).catch(() => undefined);
      continue;
    }
    const held = await readHolder(path);
    if (held?.owner === undefined || stateOf(held.owner) !== "dead") continue;
    swept += 1;
    if (!dryRun) await release(held.file).catch(() => undefined);
  }
  return swept;
}

/** What one that wants a lock has for it. */
interface Hand {
  readonly folders: LockFolders;
  folder: LockFolder | undefined;
}

async function tryTake(path: string, hand: Hand): Promise<boolean> {
  hand.folder ??= hand.folders.take();
  const kept = hand.folder !== undefined;
  hand.folder ??= await hand.folders.make();
  try {
    await rename(hand.folder.aside, path);
    return true;
  } catch (cause) {
    if (kept && isMissing(cause)) {
      // Somebody cleared the folder of locks meanwhile.
      hand.folder = undefined;
      return tryTake(path, hand);
    }
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (["ENOTEMPTY", "EEXIST"].includes(code)) return false;
    if (code !== "EPERM" && code !== "EACCES") throw cause;
    // Windows refuses to rename onto any folder: an empty one must go first.
    await removeEmpty(path).catch(ignoring("ENOENT", "ENOTEMPTY"));
    if ((await readHolder(path)) === undefined) throw cause;
    return false;
  }
}

async function readHolder(
  path: string,
): Promise<{ readonly file: string; readonly text: string; readonly owner: Owner | undefined } | undefined> {
  const [entry] = await listFolder(path).catch(orEmpty);
  if (entry === undefined) return undefined;
  const file = join(path, entry.name);
  const text = await readFileText(file, 1 << 20).catch(() => undefined);
  if (text === undefined) return undefined;
  return { file, text, owner: Option.getOrUndefined(decode(text.replace(/\.*$/, ""))) };
}

/** Makes no lock of a lock again. When its holder was taken for dead it may be another's by now: then nothing is left of it. */
async function putBack(file: string, folder: LockFolder): Promise<LockFolder | undefined> {
  if ((await statOf(file)) === undefined) return undefined;
  await rename(dirname(file), folder.aside);
  return folder;
}

/** One more dot. Fails silently when the lock is gone: its holder was taken for dead, and publication lets the first win. */
const beat = (file: string): Promise<void> => writeChunks(file, ["."], "a+existing").catch(() => undefined);

async function release(file: string): Promise<void> {
  await unlink(file).catch(ignoring("ENOENT"));
  await removeEmpty(dirname(file)).catch(ignoring("ENOENT", "ENOTEMPTY", "EEXIST"));
}

const orEmpty = (cause: NodeJS.ErrnoException): [] => {
  if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return [];
  throw cause;
};

export const ignoring =
  (...codes: ReadonlyArray<string>) =>
  (cause: NodeJS.ErrnoException): void => {
    if (!codes.includes(cause.code ?? "")) throw cause;
  };
