/** A checkpoint or adapter that a command is given by its folder may be a result of the store: then it must be what was made. */
import { dirname, join, resolve, sep } from "node:path";
import * as Effect from "effect/Effect";
import type { ArtifactError } from "../errors.ts";
import { damaged, findManifest } from "./manifest.ts";
import { findWrongBytes } from "./reader.ts";

const storePart = `${sep}${join(".precipice", "store")}${sep}`;

/**
 * Hashes the files of the artifact that `folder` is, or lies in directly, and compares them with its `artifact.json`. Nothing
 * is said of a folder that is no artifact. `E_ARTIFACT_DAMAGED` names the first file with other bytes.
 */
export const assertWhole = Effect.fn("Artifact.assertWhole")(function* (
  folder: string,
): Effect.fn.Return<void, ArtifactError> {
  const given = resolve(folder);
  for (const path of [given, dirname(given)]) {
    // Outside of a store a file of this name may be anybody's.
    const manifest = yield* findManifest(path).pipe(
      Effect.catch((error) => (`${path}${sep}`.includes(storePart) ? Effect.fail(error) : Effect.succeed(undefined))),
    );
    if (manifest === undefined) continue;
    const wrong = yield* findWrongBytes(path, manifest);
    if (wrong !== undefined) return yield* damaged(path, wrong);
    return;
  }
});
