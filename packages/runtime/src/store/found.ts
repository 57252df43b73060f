/** What lies in a folder where an artifact may be. */
import * as Effect from "effect/Effect";
import { findManifest, type Manifest } from "../artifact/manifest.ts";
import { findDamage, findWrongBytes } from "../artifact/reader.ts";
import type { ArtifactError } from "../errors.ts";

export type Found =
  | { readonly state: "present"; readonly manifest: Manifest }
  | { readonly state: "absent" }
  | { readonly state: "damaged"; readonly what: string };

/** How closely to look. */
export interface Look {
  /** Hash the files, unless this process has done so; by default only their sizes are compared with the manifest. */
  readonly bytes?: boolean;
}

export const findIn = (folder: string, { bytes = false }: Look = {}): Effect.Effect<Found, ArtifactError> =>
  findManifest(folder).pipe(
    Effect.flatMap((manifest): Effect.Effect<Found, ArtifactError> => {
      if (manifest === undefined) return Effect.succeed({ state: "absent" });
      return Effect.map((bytes ? findWrongBytes : findDamage)(folder, manifest), (what) =>
        what === undefined ? { state: "present", manifest } : { state: "damaged", what },
      );
    }),
    Effect.catch((error) =>
      error.code === "E_ARTIFACT_DAMAGED"
        ? Effect.succeed<Found>({ state: "damaged", what: "artifact.json is unreadable" })
        : Effect.fail(error),
    ),
  );
