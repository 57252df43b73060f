/** How a stage opens the checkpoint of a model artifact. */
import { type ArtifactError, attempt, type Reader, type StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { type Model, modelFolder } from "./model.ts";

/** What `open` makes of the checkpoint's folder; what it throws becomes a `StageError` that keeps code and message. */
export const openModel = <A>(
  reader: Reader<typeof Model>,
  open: (folder: string) => A,
): Effect.Effect<A, StageError | ArtifactError> =>
  Effect.flatMap(modelFolder(reader), (folder) => attempt(() => open(folder)));
