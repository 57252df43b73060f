/** Two models' cliffs on the same prompts: what the prompts share cancels. */
import type { CliffDifference, TraceScore } from "@precipice/artifacts";
import { bootstrapPairedDifference, holm, mean, pairedPermutationTest } from "@precipice/stats";
import { ProbeInputError } from "./probe-error.ts";

const parts = ["plateau", "final", "cliff"] as const;

export interface CliffPair {
  readonly prompt_id: string;
  readonly part: (typeof parts)[number];
  readonly before: number;
  readonly after: number;
}

export interface Compared {
  /** Without the sites, which the caller knows. */
  readonly differences: ReadonlyArray<Omit<CliffDifference, "before_site" | "after_site">>;
  readonly pairs: ReadonlyArray<CliffPair>;
  /** Prompts that have a cliff on one side only, or on neither. */
  readonly unpaired: number;
}

/** Means per prompt over its draws, of the traces that have a cliff. */
const byPrompt = (rows: ReadonlyArray<TraceScore>): ReadonlyMap<string, Record<(typeof parts)[number], number>> => {
  const complete = rows.filter(({ cliff }) => cliff !== null);
  return new Map(
    [...Map.groupBy(complete, ({ prompt_id }) => prompt_id)].map(([id, own]) => {
      const of = (part: (typeof parts)[number]) => mean(own.map((row) => row[part] as number));
      return [id, { plateau: of("plateau"), final: of("final"), cliff: of("cliff") }];
    }),
  );
};

/**
 * after − before per part, each side with one site's rows. Pairs prompts by id; BCa intervals over pairs; sign-flip tests,
 * corrected over the parts (Holm). Throws a ProbeInputError `too-few` when no prompt has a cliff on both sides.
 */
export const compareCliffs = (
  before: ReadonlyArray<TraceScore>,
  after: ReadonlyArray<TraceScore>,
  seed: number | string = 0,
): Compared => {
  const [from, to] = [byPrompt(before), byPrompt(after)];
  const shared = [...from.keys()].filter((id) => to.has(id));
  const all = new Set([...before, ...after].map(({ prompt_id }) => prompt_id));
  if (shared.length === 0)
    throw new ProbeInputError(
      "too-few",
      `no prompt has a cliff on both sides: ${from.size} have one before, ${to.size} after, with no id in common`,
    );
  const pairs = parts.flatMap((part) =>
    shared.map((prompt_id) => ({
      prompt_id,
      part,
      before: from.get(prompt_id)?.[part] as number,
      after: to.get(prompt_id)?.[part] as number,
    })),
  );
  const tested = parts.map((part) => {
    const own = pairs.filter((pair) => pair.part === part);
    const [a, b] = [own.map((pair) => pair.before), own.map((pair) => pair.after)];
    const { value, lo, hi, n } = bootstrapPairedDifference(a, b, { seed: `${seed}/${part}` });
    const p = pairedPermutationTest(a, b, { seed: `${seed}/${part}` });
    return { part, before: mean(a), after: mean(b), difference: value, lo, hi, p, n };
  });
  const adjusted = holm(tested.map(({ p }) => p));
  return {
    differences: tested.map((row, i) => ({ ...row, p: adjusted[i] as number })),
    pairs,
    unpaired: all.size - shared.length,
  };
};
