/** Folds that never put two variants of one prompt on different sides. */
import { random } from "@precipice/stats";
import { ProbeInputError } from "./probe-error.ts";

/**
 * A fold 0..k−1 per row. Rows of one group share a fold; within that, folds are balanced in
 * both classes: groups, large ones first and otherwise in seeded random order, each go where
 * their classes are rarest. Fewer groups than k give as many folds as groups; a class that
 * lives in a single group cannot be held out and is a ProbeInputError `too-few-groups`.
 */
export const groupedFolds = (
  groups: readonly string[],
  y: Uint8Array,
  k: number,
  seed: number | string,
): Uint16Array => {
  if (!(Number.isInteger(k) && k >= 2)) throw new ProbeInputError("option", `folds must be an integer >= 2, got ${k}`);
  if (groups.length !== y.length) throw new ProbeInputError("shape", `${groups.length} groups for ${y.length} labels`);
  const members = Map.groupBy(groups.keys(), (row) => groups[row] as string);
  for (const label of [0, 1] as const) {
    const holding = [...members.values()].filter((rows) => rows.some((row) => y[row] === label));
    if (holding.length < 2) {
      throw new ProbeInputError(
        "too-few-groups",
        `class ${label} has rows of ${holding.length} prompt(s): held-out scores need at least 2`,
      );
    }
  }
  const folds = Math.min(k, members.size);
  const counts = Array.from({ length: folds }, () => [0, 0]);
  const result = new Uint16Array(y.length);
  const ordered = random(seed, "folds")
    .shuffle([...members.values()])
    .sort((a, b) => b.length - a.length);
  for (const [placed, rows] of ordered.entries()) {
    const empty = counts.filter(([a, b]) => a === 0 && b === 0).length;
    const mustFill = ordered.length - placed <= empty; // no fold stays empty
    const positives = rows.reduce((sum, row) => sum + (y[row] as number), 0);
    const added = [rows.length - positives, positives] as const;
    // the fold whose squared class counts grow least
    const growth = counts.map((count) =>
      mustFill && count.some((n) => n > 0)
        ? Number.POSITIVE_INFINITY
        : added.reduce((sum, more, label) => sum + (2 * (count[label] as number) + more) * more, 0),
    );
    const fold = growth.indexOf(Math.min(...growth));
    for (const row of rows) result[row] = fold;
    const count = counts[fold] as number[];
    added.forEach((more, label) => {
      count[label] = (count[label] as number) + more;
    });
  }
  return result;
};
