/** Which site's probe a scores artifact is about: the one that the probe's training selected, read from its own record. */
import { dirname } from "node:path";
import { Probe } from "@precipice/artifacts";
import { Artifact } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { folderOf } from "./lineage.ts";

/** undefined where the record, or the probe behind it, is no longer in the store. */
export const selectedSite = (scores: Pick<Artifact.Reader, "path" | "node">): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    const { origin } = yield* Artifact.readManifest(scores.path);
    const [digest] = origin.inputs["probe"] ?? [];
    if (digest === undefined) return undefined;
    const folder = yield* folderOf(dirname(dirname(scores.path)), digest);
    if (folder === undefined) return undefined;
    const probes = yield* Artifact.open(Probe, folder, { digest, node: scores.node }).rows("probes");
    return probes.find(({ selected }) => selected)?.site;
  }).pipe(Effect.orElseSucceed(() => undefined));
