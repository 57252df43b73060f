/** A run as one HTML file, and its figures as SVG files for a README or a paper; copied into the run's folder. */
import { Artifact } from "@precipice/runtime";

export const Report = Artifact.kind("report", {
  version: 1,
  description: "The run as one HTML file, and its figures as SVG",
  files: ["report.html", "figures/"],
  publish: ["report.html", "figures/"],
});
