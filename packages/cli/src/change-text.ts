/** How a difference between two runs is put into words: the same on the terminal and on a page. */
import type { Run } from "@precipice/runtime";
import { short } from "./terminal/text.ts";

/** Digests are cut: enough to see that they differ. */
export const valueText = (value: unknown): string => {
  const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/\b[0-9a-f]{24,64}\b/g, (digest) => digest.slice(0, 8));
};

/** `0.88 [0.83, 0.92]`; nothing for a metric that is not there. */
export const metricText = (metric: Run.Metric | undefined): string => {
  if (metric === undefined) return "";
  const { value, ci95 } = metric;
  return ci95 === undefined ? short(value) : `${short(value)} [${short(ci95[0])}, ${short(ci95[1])}]`;
};
