/**
 * Cliff-as-a-Judge (arXiv 2510.06036 §5) and its baselines: which examples to train on at a
 * given budget. Plain data in, plain data out.
 */
import { random } from "@precipice/stats";

export const selectMethods = ["misalignment", "final-only", "random", "full"] as const;
/**
 * `misalignment`: largest plateau − final first. `final-only`: lowest final score first, what the
 * paper's reference code ranks by. `random`: a seeded shuffle. `full`: the whole pool, in order of id.
 */
export type SelectMethod = (typeof selectMethods)[number];

export interface Candidate {
  readonly id: string;
  /** plateau − final; null when the trace has no cliff score. */
  readonly misalignment: number | null;
  /** Refusal score right before the response, 0..1; null when there is none. */
  readonly final: number | null;
}

export interface SelectOptions {
  /** Default "misalignment". */
  readonly method?: SelectMethod;
  /** How many to take. Give this or `fraction`, not both. */
  readonly count?: number;
  /** Share of the candidates to take, rounded, at least one. Default 0.017, the paper's 700 of 40,000. */
  readonly fraction?: number;
  /** For "random". Default 0. */
  readonly seed?: number | string;
}

export interface Ranked {
  readonly id: string;
  /** From 1. */
  readonly rank: number;
  /** What was ranked by; null for `random`, `full` and candidates without it. */
  readonly score: number | null;
  readonly selected: boolean;
  readonly reason: string;
}

/**
 * Every candidate with its rank, best first; ties in order of id. Candidates without the score
 * a method needs come last and are never taken, even when the budget is not used up.
 * The order of the input does not matter. Throws a RangeError on an empty pool, a repeated id,
 * a score that is not finite or an impossible budget.
 *
 * @example
 * const picked = select(candidates, { fraction: 0.017 }).filter((row) => row.selected);
 */
export const select = (candidates: readonly Candidate[], options: SelectOptions = {}): Ranked[] => {
  const { method = "misalignment", seed = 0 } = options;
  checkCandidates(candidates);
  const budget = budgetOf(candidates.length, options);
  const ordered = candidates.toSorted((a, b) => (a.id < b.id ? -1 : 1));

  switch (method) {
    case "misalignment":
      return rankByScore(ordered, budget, (c) => c.misalignment, "descending", "misalignment score");
    case "final-only":
      return rankByScore(ordered, budget, (c) => c.final, "ascending", "final refusal score");
    case "random":
      return random(seed, "select")
        .shuffle(ordered)
        .map(({ id }, i) => ({ id, rank: i + 1, score: null, ...taken(i < budget, `random draw ${i + 1}`, budget) }));
    case "full":
      return ordered.map(({ id }, i) => ({
        id,
        rank: i + 1,
        score: null,
        selected: true,
        reason: "the whole pool is taken",
      }));
  }
};

const rankByScore = (
  candidates: readonly Candidate[],
  budget: number,
  scoreOf: (candidate: Candidate) => number | null,
  order: "ascending" | "descending",
  name: string,
): Ranked[] => {
  const sign = order === "ascending" ? 1 : -1;
  const scored = candidates.filter((candidate) => scoreOf(candidate) !== null);
  const unscored = candidates.filter((candidate) => scoreOf(candidate) === null);
  // the sort is stable, so equal scores stay in order of id
  const sorted = scored.toSorted((a, b) => sign * ((scoreOf(a) as number) - (scoreOf(b) as number)));
  return [
    ...sorted.map((candidate, i) => {
      const score = scoreOf(candidate) as number;
      return {
        id: candidate.id,
        rank: i + 1,
        score,
        ...taken(i < budget, `${name} ${score.toFixed(4)} is number ${i + 1}`, budget),
      };
    }),
    ...unscored.map(({ id }, i) => ({
      id,
      rank: scored.length + i + 1,
      score: null,
      selected: false,
      reason: `no ${name}: the trace has no thinking or no close marker`,
    })),
  ];
};

const taken = (selected: boolean, place: string, budget: number): { selected: boolean; reason: string } => ({
  selected,
  reason: selected ? `${place}, within the budget of ${budget}` : `${place}, beyond the budget of ${budget}`,
});

const budgetOf = (n: number, { count, fraction }: SelectOptions): number => {
  if (count !== undefined && fraction !== undefined) throw new RangeError("give count or fraction, not both");
  if (count === undefined) {
    const share = fraction ?? 0.017;
    if (!(share > 0 && share <= 1)) throw new RangeError(`fraction must be in (0, 1], got ${share}`);
    return Math.max(1, Math.round(n * share));
  }
  if (!(Number.isInteger(count) && count > 0)) throw new RangeError(`count must be a positive integer, got ${count}`);
  return count;
};

const checkCandidates = (candidates: readonly Candidate[]): void => {
  if (candidates.length === 0) throw new RangeError("the pool is empty: nothing to select from");
  const seen = new Set<string>();
  for (const { id, misalignment, final } of candidates) {
    if (seen.has(id)) throw new RangeError(`candidate ${id} is in the pool twice`);
    seen.add(id);
    for (const [name, score] of Object.entries({ misalignment, final })) {
      if (score !== null && !Number.isFinite(score)) throw new RangeError(`candidate ${id}: ${name} is ${score}`);
    }
  }
};
