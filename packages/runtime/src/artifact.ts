/** Everything about artifacts under one name: `Artifact.kind`, `Artifact.open`, `Artifact.Reader`, `Artifact.Writer`. */
export {
  type AnyKind,
  type Kind,
  type KindOptions,
  kind,
  type RowOf,
  type RowSchema,
  type RowSchemas,
} from "./artifact/kind.ts";
export { type Manifest, readManifest } from "./artifact/manifest.ts";
export { type Preview, preview } from "./artifact/preview.ts";
export { failuresOf, open, type Reader, type VectorSet } from "./artifact/reader.ts";
export { assertWhole } from "./artifact/stored-folder.ts";
export type { VectorBatch, Writer } from "./artifact/writer.ts";
export { boundedPreview } from "./bounded/tables.ts";
