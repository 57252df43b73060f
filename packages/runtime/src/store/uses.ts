/** Which runs used which digests, read from `runs/*\/run.json`: what is in use now, what was used last, what is reachable. */
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { listFolder, readText } from "../disk.ts";
import { liveRuns } from "./leases.ts";

export interface Use {
  readonly run: string;
  readonly startedMs: number;
  readonly digests: ReadonlyArray<string>;
  /** The run is at work. */
  readonly live: boolean;
  /** The pipeline and the file it is in. */
  readonly pipeline: string;
  readonly nodes: ReadonlyArray<string>;
  /** It ended well, with all its nodes. */
  readonly complete: boolean;
}

/** Newest first. A record that cannot be read protects nothing; a live run whose record cannot be read is an error. */
export const listUses = Effect.fn("listUses")(function* (root: string, base: string) {
  const live = new Set(yield* Effect.promise(() => liveRuns(base)));
  const names = yield* Effect.promise(() => listFolder(join(root, "runs")).catch(() => []));
  const uses: Array<Use> = [];
  for (const run of names.filter((entry) => entry.isDirectory()).map((entry) => entry.name)) {
    const text = yield* Effect.promise(() => readText(join(root, "runs", run, "run.json")).catch(() => ""));
    const found = digestsOf(text);
    if (found !== undefined) uses.push({ run, ...found, live: live.has(run) });
  }
  return uses.sort((a, b) => b.startedMs - a.startedMs);
});

function digestsOf(text: string): Omit<Use, "run" | "live"> | undefined {
  try {
    const { startedAt, pipeline, file, status, nodes } = JSON.parse(text) as {
      readonly startedAt: string;
      readonly pipeline: string;
      readonly file: string;
      readonly status: string;
      readonly nodes: ReadonlyArray<{
        readonly node: string;
        readonly state: string;
        readonly outputs: { readonly [output: string]: { readonly digest: string } };
      }>;
    };
    return {
      startedMs: Date.parse(startedAt),
      digests: nodes.flatMap(({ outputs }) => Object.values(outputs).map(({ digest }) => digest)),
      pipeline: JSON.stringify([pipeline, file]),
      nodes: nodes.map(({ node }) => node),
      complete: status === "ok" && nodes.every(({ state }) => ["done", "cached", "skipped"].includes(state)),
    };
  } catch {
    return undefined;
  }
}

/**
 * The last complete run of each pipeline; where it was of a part of the nodes alone (`--only`, `--to`), also the last one of more.
 * `uses` newest first.
 */
export function lastComplete(uses: ReadonlyArray<Use>): ReadonlyArray<Use> {
  const kept = new Map<string, ReadonlyArray<Use>>();
  for (const use of uses.filter(({ complete }) => complete)) {
    const newer = kept.get(use.pipeline) ?? [];
    const last = newer.at(-1);
    const nodes = new Set(use.nodes);
    const isMore =
      last !== undefined && use.nodes.length > last.nodes.length && last.nodes.every((node) => nodes.has(node));
    if (last === undefined || isMore) kept.set(use.pipeline, [...newer, use]);
  }
  return [...kept.values()].flat();
}
