/** Where the checkpoint of a model artifact lies. */

import { isAbsolute, join } from "node:path";
import type { ArtifactError, Reader } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { Model } from "./model.ts";

/** Absolute folder of the checkpoint: its own place, or inside the artifact when a stage made it. */
export const modelFolder = (reader: Reader<typeof Model>): Effect.Effect<string, ArtifactError> =>
  Effect.map(reader.rows("model"), (rows) => {
    const path = rows[0]?.path ?? "";
    return isAbsolute(path) ? path : join(reader.path, path);
  });
