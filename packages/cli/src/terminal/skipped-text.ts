/** Skipped nodes in a line per condition, where there are too many to list: see `skippedGroups`. */
import { type SkippedGroup, skippedGroups } from "@precipice/runtime";
import { printable } from "./text.ts";

/** So many skipped nodes are listed one by one. */
const listed = 8;

/** So many names stand in a line. */
const named = 4;

/** The groups to show instead of single nodes; none where single nodes are shown. */
export function collapsed(nodes: Parameters<typeof skippedGroups>[0]): ReadonlyArray<SkippedGroup> {
  const groups = skippedGroups(nodes);
  return groups.reduce((sum, group) => sum + group.nodes.length, 0) > listed ? groups : [];
}

/** `54 nodes skipped: when: matrix.seed == 1 (select, lora, traces, verdicts and 2 more)`. */
export function groupText({ reason, nodes }: SkippedGroup): string {
  // A matrix is one name.
  const names = [...new Set(nodes.map((node) => node.replace(/\[.*$/s, "")))];
  const more = names.length > named ? ` and ${names.length - named} more` : "";
  const who = `${names.slice(0, named).join(", ")}${more}`;
  return printable(`${nodes.length} node${nodes.length === 1 ? "" : "s"} skipped: ${reason} (${who})`);
}
