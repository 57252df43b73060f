/** Where the checkpoint of a model artifact lies, and how a stage opens it. */

import { type ArtifactError, attempt, type Reader, type StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { folderOf, type Model } from "./model.ts";

/** Absolute folder of the checkpoint: its own place, or inside the artifact when a stage made it. */
export const modelFolder = (reader: Reader<typeof Model>): Effect.Effect<string, ArtifactError> => folderOf(reader);

/** What `open` makes of the checkpoint's folder; what it throws becomes a `StageError` that keeps code and message. */
export const openModel = <A>(
  reader: Reader<typeof Model>,
  open: (folder: string) => A,
): Effect.Effect<A, StageError | ArtifactError> =>
  Effect.flatMap(modelFolder(reader), (folder) => attempt(() => open(folder)));
