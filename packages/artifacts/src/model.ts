/**
 * A model that was opened and checked: where its checkpoint lies, which content it has,
 * and the sizes that stages plan with. Weights stay where they are unless a stage made them.
 */
import { isAbsolute, join } from "node:path";
import { Artifact, type ArtifactError, type Reader } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const model = Schema.Struct({
  /** What the pipeline asked for: a folder, `hf://org/name@revision` or `organism://name`. */
  source: Schema.String,
  /** Checkpoint folder: absolute, or relative to the artifact folder when the checkpoint lives in it. */
  path: Schema.String,
  /** Digest of the weights, hexadecimal. */
  digest: Schema.String,
  /** `model_type` of config.json, for example `qwen2`. */
  model_type: Schema.String,
  n_layers: Schema.Int,
  /** Query heads per layer. */
  n_heads: Schema.Int,
  /** Width of the residual stream. */
  d_model: Schema.Int,
  vocab_size: Schema.Int,
});

export const Model = Artifact.kind("model", {
  version: 1,
  description: "An opened checkpoint: place, digest and sizes (one row)",
  tables: { model },
  outside: (reader) => modelFolder(reader),
});

/** Absolute folder of the checkpoint: its own place, or inside the artifact when a stage made it. */
export const modelFolder = (reader: Reader): Effect.Effect<string, ArtifactError> =>
  Effect.map(reader.rows("model"), (rows) => {
    const [{ path = "" } = {}] = rows as ReadonlyArray<{ readonly path?: string }>;
    return isAbsolute(path) ? path : join(reader.path, path);
  });

export type ModelRow = typeof model.Type;
