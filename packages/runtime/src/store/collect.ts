/**
 * Garbage collection. What goes is decided by a pure function of what the store holds, what runs used and what is pinned.
 * Removal is in two steps so that a run that starts meanwhile loses nothing: entries are renamed away, running runs are
 * looked at once more, and what one of them needs is renamed back.
 */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { makeFolder, rename } from "../disk.ts";
import { io } from "../io.ts";
import { sweepReplaced } from "./durable.ts";
import { type Entry, listEntries } from "./entries.ts";
import { pinned } from "./pins.ts";
import { collectScratch, type ScratchRemoval } from "./scratch.ts";
import type { Store } from "./store.ts";
import { lastComplete, listUses, type Use } from "./uses.ts";

export interface CollectOptions {
  /** Remove what no run used for so long. */
  readonly olderThanMs?: number;
  /** Remove the longest unused until the store takes no more than this. */
  readonly maxBytes?: number;
  /** Remove what no pin, none of the last `keepRuns` runs and no last complete run of a pipeline leads to. */
  readonly unreachable?: boolean;
  /** Default 10. */
  readonly keepRuns?: number;
  /** Only say what would go. */
  readonly dryRun?: boolean;
  readonly nowMs?: number;
}

export interface Removal {
  readonly kind: string;
  readonly digest: string;
  readonly bytes: number;
  readonly reason: string;
}

export interface Collected {
  readonly removed: ReadonlyArray<Removal>;
  /** What lies in the store and is not this version's to remove, with the reason. */
  readonly left: ReadonlyArray<{ readonly path: string; readonly reason: string }>;
  /** Leftovers of killed runs: temporary folders and locks. */
  readonly orphans: number;
  /** Work in progress whose results are published, or that nothing touched for a week. */
  readonly scratch: ReadonlyArray<ScratchRemoval>;
  readonly keptBytes: number;
  /** Of artifacts. */
  readonly freedBytes: number;
  /** With `unreachable`: runs of which everything was kept. */
  readonly keptRuns?: KeptRuns;
}

export interface KeptRuns {
  /** The last ones. */
  readonly recent: number;
  /** Older ones: the last complete run of each pipeline. */
  readonly complete: number;
}

/** Collects garbage; without a policy only leftovers of killed runs and unreadable entries go. */
export const collect = Effect.fn("Store.collect")(function* (store: Store, options: CollectOptions = {}) {
  const { base, root } = store;
  const dryRun = options.dryRun ?? false;
  const replaced = yield* Effect.forEach([join(base, "nodes"), join(base, "pins"), join(root, "runs")], (folder) =>
    io(folder, () => sweepReplaced(folder, dryRun)),
  );
  const orphans = (yield* store.sweep(dryRun)) + replaced.reduce((sum, n) => sum + n, 0);
  const entries = yield* listEntries(base);
  const scratch = yield* collectScratch(store, entries, { dryRun, nowMs: options.nowMs ?? Date.now() });
  const pins = yield* pinned(base);
  const uses = yield* listUses(root, base);
  const chosen = choose(entries, uses, pins, options);
  const all = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed = dryRun ? chosen : yield* removeChosen(store, entries, chosen);
  const freedBytes = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const { recent, complete } = keptUses(uses, options);
  const result: Collected = {
    removed,
    left: entries.flatMap(({ foreign, path, problem = "" }) => (foreign ? [{ path, reason: problem }] : [])),
    orphans,
    scratch,
    freedBytes,
    keptBytes: all - freedBytes,
    ...(options.unreachable ? { keptRuns: { recent: recent.length, complete: complete.length } } : {}),
  };
  return result;
});

/** What goes and why, in the order it goes. Pure. */
export function choose(
  entries: ReadonlyArray<Entry>,
  uses: ReadonlyArray<Use>,
  pins: ReadonlySet<string>,
  options: CollectOptions,
): ReadonlyArray<Removal> {
  const nowMs = options.nowMs ?? Date.now();
  const byDigest = new Map(entries.map((entry) => [entry.digest, entry]));
  const safe = reach(byDigest, [...pins, ...inUse(entries, uses)]);
  const { recent, complete } = keptUses(uses, options);
  const kept = reach(
    byDigest,
    [...recent, ...complete].flatMap(({ digests }) => digests),
  );
  const lastUsed = new Map<string, number>();
  for (const { startedMs, digests } of uses) {
    for (const digest of digests) lastUsed.set(digest, Math.max(lastUsed.get(digest) ?? 0, startedMs));
  }
  const usedMs = ({ digest, createdMs }: Entry): number => Math.max(createdMs, lastUsed.get(digest) ?? 0);
  const chosen = new Map<Entry, string>();
  const free = entries.filter(({ digest, foreign }) => !foreign && !safe.has(digest));
  for (const entry of free) {
    const idleMs = nowMs - usedMs(entry);
    if (entry.manifest === undefined) chosen.set(entry, `it cannot be read: ${entry.problem}`);
    else if (options.unreachable && !kept.has(entry.digest))
      chosen.set(entry, "no pin, no recent run and no last complete run leads to it");
    else if (options.olderThanMs !== undefined && idleMs > options.olderThanMs) {
      chosen.set(entry, `not used for ${Math.floor(idleMs / 86_400_000)} days`);
    }
  }
  if (options.maxBytes !== undefined) {
    let bytes = entries.reduce((sum, entry) => sum + (chosen.has(entry) ? 0 : entry.bytes), 0);
    for (const entry of [...free].sort((a, b) => usedMs(a) - usedMs(b))) {
      if (bytes <= options.maxBytes) break;
      if (chosen.has(entry)) continue;
      chosen.set(entry, "longest unused, and the store is too large");
      bytes -= entry.bytes;
    }
  }
  return [...chosen].map(([{ kind, digest, bytes }, reason]) => ({ kind, digest, bytes, reason }));
}

/** The last runs, and of older ones the last complete one of each pipeline. */
function keptUses(uses: ReadonlyArray<Use>, { keepRuns = 10 }: CollectOptions) {
  const recent = uses.slice(0, keepRuns);
  return { recent, complete: lastComplete(uses).filter((use) => !recent.includes(use)) };
}

/** What running runs need: their nodes' digests, and every shard while any run is at work. */
function inUse(entries: ReadonlyArray<Entry>, uses: ReadonlyArray<Use>): ReadonlyArray<string> {
  const live = uses.filter((use) => use.live);
  if (live.length === 0) return [];
  const shards = entries.filter(({ manifest }) => manifest?.origin.shardRows !== undefined);
  return [...live.flatMap(({ digests }) => digests), ...shards.map(({ digest }) => digest)];
}

/** The digests and all they were made from. */
function reach(entries: ReadonlyMap<string, Entry>, from: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...from];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (found.has(digest)) continue;
    found.add(digest);
    const origin = entries.get(digest)?.manifest?.origin;
    // A shard depends on its rows, not on the artifact that they were read from the first time.
    const inputs = origin?.shardRows === undefined ? Object.values(origin?.inputs ?? {}).flat() : [];
    open.push(...inputs, ...(origin?.shards ?? []).map((shard) => shard.digest));
  }
  return found;
}

const removeChosen = Effect.fnUntraced(function* (
  { base, root, workspace }: Store,
  entries: ReadonlyArray<Entry>,
  chosen: ReadonlyArray<Removal>,
) {
  if (chosen.length === 0) return [];
  const trash = yield* workspace;
  const pathOf = ({ kind, digest }: Removal) => join(base, "store", kind, digest);
  const asideOf = ({ kind, digest }: Removal) => join(trash, `${kind}-${digest}`);
  yield* io(trash, () => makeFolder(trash));
  for (const one of chosen) yield* io(pathOf(one), () => rename(pathOf(one), asideOf(one)));
  const byDigest = new Map(entries.map((entry) => [entry.digest, entry]));
  const needed = reach(byDigest, inUse(entries, yield* listUses(root, base)));
  const removed: Array<Removal> = [];
  for (const one of chosen) {
    if (!needed.has(one.digest)) removed.push(one);
    else yield* io(pathOf(one), () => rename(asideOf(one), pathOf(one)));
  }
  return removed;
}, Effect.scoped);
