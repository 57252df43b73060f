/** A run as one HTML file, copied into the run's folder. */
import { Artifact } from "@precipice/runtime";

export const Report = Artifact.kind("report", {
  version: 1,
  description: "The run as one HTML file",
  files: ["report.html"],
  publish: ["report.html"],
});
