/** The runs under a root, newest first. */
import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import * as Effect from "effect/Effect";
import type { RunError } from "../errors.ts";
import { liveRuns } from "../store/leases.ts";
import type { RunStatus } from "./events.ts";
import { type RunRecord, readRun } from "./record.ts";

export interface ListedRun {
  readonly id: string;
  /** Absolute folder. */
  readonly path: string;
  /** `killed`: it says that it runs, and nobody holds its lease; `unreadable`: its run.json is. */
  readonly status: RunStatus | "killed" | "unreadable";
  /** Absent when it cannot be read. */
  readonly record?: RunRecord;
}

/** Folders without a `run.json` are no runs. */
export const listRuns = Effect.fn("Run.list")(function* (
  root: string,
): Effect.fn.Return<ReadonlyArray<ListedRun>, RunError> {
  const runs = join(root, "runs");
  const found = yield* Effect.promise(() => readdir(runs, { withFileTypes: true }).catch(() => []));
  const live = new Set(yield* Effect.promise(() => liveRuns(join(root, ".precipice"))));
  const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const listed = yield* Effect.forEach(folders, (id) => oneOf(runs, id, live), { concurrency: 16 });
  return listed.flat().sort(newestFirst);
});

/** Ids begin with the time a run started, to the second; runs of one second are told apart by what they recorded. */
export const newestFirst = (a: ListedRun, b: ListedRun): number => {
  const [x, y] = [a.id.slice(0, 15), b.id.slice(0, 15)];
  if (x !== y) return x < y ? 1 : -1;
  return (a.record?.startedAt ?? a.id) < (b.record?.startedAt ?? b.id) ? 1 : -1;
};

/** One run by its id; `undefined` when there is no such folder, or no `run.json` in it. Never follows a symlink. */
export const openRun = Effect.fn("Run.open")(function* (
  root: string,
  id: string,
): Effect.fn.Return<ListedRun | undefined, RunError> {
  const runs = join(root, "runs");
  if (id !== basename(id) || id === "." || id === "..") return undefined;
  const entry = yield* Effect.promise(() => lstat(join(runs, id)).catch(() => undefined));
  if (entry?.isDirectory() !== true) return undefined;
  const live = new Set(yield* Effect.promise(() => liveRuns(join(root, ".precipice"))));
  return (yield* oneOf(runs, id, live))[0];
});

/** The run in a folder, if it is one. */
const oneOf = Effect.fnUntraced(function* (
  runs: string,
  id: string,
  live: ReadonlySet<string>,
): Effect.fn.Return<ReadonlyArray<ListedRun>> {
  const path = join(runs, id);
  const files = yield* Effect.promise(() => readdir(path).catch((): Array<string> => []));
  if (!files.includes("run.json")) return [];
  const record = yield* Effect.option(readRun(path));
  if (record._tag === "None") return [{ id, path, status: "unreadable" }];
  const { status } = record.value;
  return [{ id, path, status: status === "running" && !live.has(id) ? "killed" : status, record: record.value }];
});
