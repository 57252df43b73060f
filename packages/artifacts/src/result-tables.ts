/** Tables a user laid out, filled with the metrics of a run: Markdown to read, JSON to go on with; copied into the run's folder. */
import { Artifact } from "@precipice/runtime";

export const ResultTables = Artifact.kind("tables", {
  version: 1,
  description: "Tables laid out in the pipeline and filled with its metrics, as Markdown and as JSON",
  files: ["tables.md", "tables.json"],
  publish: ["tables.md", "tables.json"],
});
