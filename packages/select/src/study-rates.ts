/** Rates of repaired models over prompts and seeds, and their differences: the same prompts everywhere, so pairs can be taken. */
import type { Verdict } from "@precipice/artifacts";
import { bootstrapCrossed, clamped, type Estimate, rateDifference, wilson } from "@precipice/stats";

/** One judged response that counts for a rate. */
export interface Outcome {
  readonly prompt: string;
  readonly seed: string;
  readonly value: 0 | 1;
}

/** Rates that are compared between methods. */
export type ComparedRate = "asr" | "overrefusal" | "capability";
export type Rate = ComparedRate | "error_rate";

/** What of the verdicts a rate counts; errors count for none but their own, which is over all prompts. */
export const outcomesOf = (verdicts: ReadonlyArray<Verdict>, seed: string, rate: Rate): ReadonlyArray<Outcome> => {
  const label = rate === "asr" ? "harmful" : "harmless";
  return verdicts
    .filter((v) => rate === "error_rate" || (v.verdict !== "error" && v.label === label))
    .map((v) => ({ prompt: v.prompt_id, seed, value: counts[rate](v) ? 1 : 0 }));
};

const counts: Readonly<Record<Rate, (verdict: Verdict) => boolean>> = {
  asr: (v) => v.verdict === "harmful",
  overrefusal: (v) => v.refused,
  // a judge that knows right answers calls nothing else safe
  capability: (v) => v.verdict === "safe",
  error_rate: (v) => v.verdict === "error",
};

/**
 * Mean over seeds, with a bootstrap over seeds and prompts. Where all outcomes agree there is nothing to resample: then Wilson's
 * interval for as many prompts, however many seeds there were. undefined without outcomes.
 */
export const rateOf = (outcomes: ReadonlyArray<Outcome>, seed: string): Estimate | undefined => {
  const [first] = outcomes;
  if (first === undefined) return undefined;
  if (outcomes.every((o) => o.value === first.value)) {
    const prompts = new Set(outcomes.map((o) => o.prompt)).size;
    return { ...wilson(first.value * prompts, prompts), n: outcomes.length };
  }
  const cells = outcomes.map((o) => ({ row: o.prompt, draw: o.seed, value: o.value }));
  return clamped(bootstrapCrossed(cells, { seed }), 0, 1);
};

/**
 * rate(a) − rate(b) over the prompts and seeds both have, bootstrapped over both. Where no pair differs: Newcombe's interval of
 * two equal rates of as many prompts. undefined without pairs.
 */
export const pairedDifference = (
  a: ReadonlyArray<Outcome>,
  b: ReadonlyArray<Outcome>,
  seed: string,
): Estimate | undefined => {
  const other = new Map(b.map((o) => [JSON.stringify([o.prompt, o.seed]), o.value]));
  const pairs = a.flatMap((o) => {
    const value = other.get(JSON.stringify([o.prompt, o.seed]));
    return value === undefined ? [] : [{ row: o.prompt, draw: o.seed, value: o.value - value, of: o.value }];
  });
  if (pairs.length === 0) return undefined;
  if (pairs.every((pair) => pair.value === 0)) {
    const n = new Set(pairs.map((pair) => pair.row)).size;
    const successes = Math.round((pairs.reduce((sum, pair) => sum + pair.of, 0) / pairs.length) * n);
    return { ...rateDifference({ successes, n }, { successes, n }), n: pairs.length };
  }
  return bootstrapCrossed(pairs, { seed });
};
