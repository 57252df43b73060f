/**
 * Files outside of the store that stored results stand for, such as the weights of a model. From the first stage of a run that
 * reads them to the publication of its last result they must not change: what was computed meanwhile could be anything's.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileIdentity } from "@precipice/files";
import * as Effect from "effect/Effect";
import type { AnyKind } from "../artifact/kind.ts";
import { open } from "../artifact/reader.ts";
import { isMissing, listFolder } from "../disk.ts";
import { ArtifactError } from "../errors.ts";
import { io } from "../io.ts";
import { contextOf, type Plan, type PlannedNode } from "../plan/plan.ts";
import { type Inputs, portOf } from "../stage.ts";

/** Identities of all files of a folder, links followed, by path. */
type Identities = ReadonlyMap<string, string>;

/** What the runs of a plan have seen, by the digest of the artifact that stands for it. */
const seen = new WeakMap<Plan, Map<string, Watched>>();

interface Watched {
  readonly folder: string;
  readonly before: Identities;
}

const identitiesIn = (folder: string): Effect.Effect<Identities, ArtifactError> =>
  io(folder, async () => {
    const found = new Map<string, string>();
    for (const { name } of await listFolder(folder)) {
      const path = join(folder, name);
      const now = await stat(path, { bigint: true }).catch((cause) => {
        if (isMissing(cause)) return undefined;
        throw cause;
      });
      if (now?.isFile()) found.set(path, fileIdentity(now));
    }
    return found;
  });

const changed = (path: string, what: string) =>
  new ArtifactError({
    code: "E_INPUT_CHANGED",
    message: `${path} ${what}: what was computed from it is not kept`,
    path,
    remedy: "Leave the files alone while a run reads them, then run again.",
  });

/** Fails with `E_INPUT_CHANGED` when a file has changed since `before`. */
const compare = ({ folder, before }: Watched): Effect.Effect<void, ArtifactError> =>
  Effect.gen(function* () {
    const now = yield* identitiesIn(folder);
    for (const [path, was] of before) {
      const is = now.get(path);
      if (is === undefined) return yield* changed(path, "was removed while a run read it");
      if (is !== was) return yield* changed(path, "changed while a run read it");
    }
    for (const path of now.keys())
      if (!before.has(path)) return yield* changed(path, "came while a run read its folder");
  });

/**
 * Begins to watch what the inputs of a node stand for, where this run does not yet: then the content must still be the one in the
 * key of the node that made the input. Gives the check to be made before anything is published.
 */
export const watchOutside = Effect.fnUntraced(function* (plan: Plan, { node, key }: PlannedNode) {
  const all = seen.get(plan) ?? new Map<string, Watched>();
  seen.set(plan, all);
  const watched: Array<Watched> = [];
  for (const [name, spec] of Object.entries(node.stage.inputs as Inputs)) {
    const kind = portOf(spec).kind as AnyKind;
    if (kind.outside === undefined) continue;
    for (const [i, edge] of (node.inputs[name] ?? []).entries()) {
      const digest = key.inputs[name]?.[i] as string;
      const known = all.get(digest);
      if (known !== undefined) {
        watched.push(known);
        continue;
      }
      const folder = yield* kind.outside(open(kind, plan.store.pathOf(kind, digest), { digest, node: edge.node }));
      const one: Watched = { folder, before: yield* identitiesIn(folder) };
      yield* assertKeyed(plan, edge.node, folder);
      all.set(digest, one);
      watched.push(one);
    }
  }
  return Effect.forEach(watched, compare, { discard: true });
});

/** The content is still what the producer's key says. */
const assertKeyed = (plan: Plan, producer: string, folder: string): Effect.Effect<void, ArtifactError> => {
  const planned = plan.nodes.find(({ node }) => node.name === producer);
  return planned === undefined ? Effect.void : assertFingerprint(planned, folder);
};

/** Fails with `E_INPUT_CHANGED` when what a node's config points at, `what`, has another content than when it was planned. */
export const assertFingerprint = (
  { node, key }: PlannedNode,
  what = `what ${node.name} points at`,
): Effect.Effect<void, ArtifactError> => {
  const { stage, config } = node;
  if (stage.fingerprint === undefined || key.fingerprint === null) return Effect.void;
  return stage.fingerprint(config, contextOf(node, {})).pipe(
    Effect.mapError((error) => changed(what, `cannot be read any more (${error.message})`)),
    Effect.flatMap((now) =>
      now === key.fingerprint
        ? Effect.void
        : Effect.fail(changed(what, "has other content than when the run was planned")),
    ),
  );
};
