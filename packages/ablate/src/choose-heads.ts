/** Which heads an arm ablates: the top of a ranking, or as many at random. */
import { random } from "@precipice/stats";
import type { HeadIndex } from "./causal-check.ts";

/** How many heads `percent` of all are: rounded, at least one. */
export const headCount = (percent: number, all: number): number => Math.max(1, Math.round((percent * all) / 100));

export const topHeads = <H extends HeadIndex & { readonly rank: number }>(
  heads: ReadonlyArray<H>,
  count: number,
): H[] => [...heads].sort((a, b) => a.rank - b.rank).slice(0, count);

/** `count` heads drawn from all, without those in `exclude`. Throws a RangeError when fewer are left. */
export const randomHeads = <H extends HeadIndex>(
  heads: ReadonlyArray<H>,
  count: number,
  exclude: ReadonlyArray<HeadIndex>,
  seed: number,
  draw: number,
): H[] => {
  const taken = new Set(exclude.map((h) => `${h.layer}.${h.head}`));
  const free = heads.filter((h) => !taken.has(`${h.layer}.${h.head}`));
  if (count > free.length)
    throw new RangeError(
      `${count} random heads cannot be drawn: of ${heads.length} heads, ${free.length} are left beside the ${taken.size} they are compared with`,
    );
  return random(seed, "random heads", count, draw).sample(free, count);
};
