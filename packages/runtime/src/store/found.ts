/** What lies in a folder where an artifact may be. */
import * as Effect from "effect/Effect";
import { findManifest, type Manifest } from "../artifact/manifest.ts";
import { findDamage } from "../artifact/reader.ts";
import type { ArtifactError } from "../errors.ts";

export type Found =
  | { readonly state: "present"; readonly manifest: Manifest }
  | { readonly state: "absent" }
  | { readonly state: "damaged"; readonly what: string };

/** Compares file sizes with the manifest, reads no data. */
export const findIn = (folder: string): Effect.Effect<Found, ArtifactError> =>
  findManifest(folder).pipe(
    Effect.flatMap((manifest): Effect.Effect<Found, ArtifactError> => {
      if (manifest === undefined) return Effect.succeed({ state: "absent" });
      return Effect.map(findDamage(folder, manifest), (what) =>
        what === undefined ? { state: "present", manifest } : { state: "damaged", what },
      );
    }),
    Effect.catch((error) =>
      error.code === "E_ARTIFACT_DAMAGED"
        ? Effect.succeed<Found>({ state: "damaged", what: "artifact.json is unreadable" })
        : Effect.fail(error),
    ),
  );
