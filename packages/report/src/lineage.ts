/**
 * Everything that ran to make a set of artifacts, read from their own records in the store. Times are left out: a report of the
 * same results is the same file.
 */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Artifact } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { LineageTask } from "./data.ts";

/** Where the walk starts: an artifact and the node it came from. */
type Start = Pick<Artifact.Reader, "node" | "path" | "digest">;

/**
 * Walks from the given artifacts to all they were made from. Artifacts of one task (a model of its own for weights and
 * metrics, say) are one entry. A record that is no longer in the store ends its branch.
 */
export const lineageOf = Effect.fn("lineageOf")(function* (starts: ReadonlyArray<Start>) {
  const tasks = new Map<string, LineageTask>();
  /** Digest of an artifact → id of its task. */
  const taskOf = new Map<string, string>();
  const nodes = new Map<string, Set<string>>();

  const visit = (folder: string, digest: string): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (taskOf.has(digest)) return;
      const record = yield* Artifact.readManifest(folder).pipe(Effect.option);
      if (record._tag === "None") return;
      const { stage, stageVersion, config, inputs, numerics, notes } = record.value.origin;
      const id = JSON.stringify([stage, stageVersion, config, inputs]);
      taskOf.set(digest, id);
      const store = dirname(dirname(folder));
      for (const input of Object.values(inputs).flat()) {
        const found = yield* folderOf(store, input);
        if (found !== undefined) yield* visit(found, input);
      }
      if (!tasks.has(id))
        tasks.set(id, { id: digest, nodes: [], stage, version: stageVersion, config, inputs, numerics, notes });
    });

  for (const { path, digest, node } of starts) {
    yield* visit(path, digest);
    const id = taskOf.get(digest);
    if (id !== undefined) nodes.set(id, (nodes.get(id) ?? new Set()).add(node));
  }
  const known = (digest: string) => {
    const task = taskOf.get(digest);
    const found = task === undefined ? undefined : tasks.get(task);
    return found === undefined ? [] : [found.id];
  };
  return [...tasks].map(
    ([id, task]): LineageTask => ({
      ...task,
      nodes: [...(nodes.get(id) ?? [])],
      inputs: Object.fromEntries(
        Object.entries(task.inputs).map(([port, digests]) => [port, [...new Set(digests.flatMap(known))]]),
      ),
    }),
  );
});

/** `<store>/<kind>/<digest>`, whatever its kind; undefined when it is not there. */
export const folderOf = (store: string, digest: string): Effect.Effect<string | undefined> =>
  Effect.promise(async () => {
    if (!/^[\da-f]+$/.test(digest)) return undefined;
    const kinds = await readdir(store).catch(() => []);
    for (const kind of kinds) {
      const folder = join(store, kind, digest);
      const there = await readdir(folder).catch(() => undefined);
      if (there !== undefined) return folder;
    }
    return undefined;
  });
