/**
 * Cliff-as-a-Judge (arXiv 2510.06036 §5), its baselines and hybrids: which examples to train on at a given budget. Plain data
 * in, plain data out.
 */
import { type Candidate, Pool } from "./pool.ts";
import { type RankOptions, rankPool } from "./rank-pool.ts";

export interface SelectOptions extends Omit<RankOptions, "vectorOf"> {
  /** Activation vector by id, for "misalignment-diverse". */
  readonly vectors?: ReadonlyMap<string, Float32Array> | undefined;
}

export interface Ranked {
  readonly id: string;
  /** From 1. */
  readonly rank: number;
  /** What was ranked by; null for methods that draw and candidates without it. */
  readonly score: number | null;
  readonly selected: boolean;
  readonly reason: string;
}

/**
 * Every candidate with its rank, best first; ties in order of id. Candidates without what a method needs come late and are never
 * taken, even when the budget is not used up; copies of a taken one come last. The order of the input does not matter. Throws a
 * RangeError on an empty pool, a repeated id, a score that is not finite or an impossible budget.
 *
 * @example
 * const picked = select(candidates, { fraction: 0.017 }).filter((row) => row.selected);
 */
export const select = (candidates: readonly Candidate[], { vectors, ...options }: SelectOptions = {}): Ranked[] => {
  const pool = new Pool();
  for (const candidate of candidates) pool.add(candidate);
  const vectorOf = (row: number) => vectors?.get(pool.ids.at(row));
  const { order, taken, scoreOf, reasonAt } = rankPool(pool, { ...options, vectorOf });
  return Array.from(order, (row, place) => {
    const score = scoreOf(row);
    return {
      id: pool.ids.at(row),
      rank: place + 1,
      score: Number.isNaN(score) ? null : score,
      selected: place < taken,
      reason: reasonAt(place),
    };
  });
};
