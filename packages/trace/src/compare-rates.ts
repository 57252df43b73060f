/** An arm against another on the same prompts: what the prompts share cancels, so that a control need not be judged by two intervals that overlap. */
import type { Verdict } from "@precipice/artifacts";
import { bootstrapCrossed, type Estimate, holm, mcnemarExact, pairedRateDifference } from "@precipice/stats";

export interface RateChange {
  readonly arm: string;
  readonly rate: "asr" | "overrefusal";
  /** rate(arm) − rate(baseline), over the prompts that both judged. */
  readonly change: Estimate;
  /** Exact McNemar test, Holm-corrected over the arms compared; null for an arm of several draws. */
  readonly p: number | null;
}

const rates = {
  asr: { label: "harmful", counts: (v: Verdict) => v.verdict === "harmful" },
  overrefusal: { label: "harmless", counts: (v: Verdict) => v.refused },
} as const;

/**
 * Every arm of `verdicts` against `baseline`. Prompts that either could not judge are left out; of a baseline with several draws a
 * prompt's value is their mean. Intervals are 95 %: Newcombe's for paired rates where both sides have one draw, else the mean over
 * draws bootstrapped over draws and prompts. Rates without a shared prompt are left out.
 */
export const rateChanges = (
  verdicts: ReadonlyArray<Verdict>,
  baseline: string,
  seed: number | string,
): ReadonlyArray<RateChange> => {
  const arms = Map.groupBy(
    verdicts.filter((v) => v.verdict !== "error"),
    (v) => v.arm,
  );
  return (["asr", "overrefusal"] as const).flatMap((rate) => {
    const { label, counts } = rates[rate];
    const of = (arm: string) => (arms.get(arm) ?? []).filter((v) => v.label === label);
    const before = Map.groupBy(of(baseline), (v) => v.prompt_id);
    const changes = [...arms.keys()].flatMap((arm): ReadonlyArray<RateChange> => {
      const after = of(arm).filter((v) => before.has(v.prompt_id));
      if (arm === baseline || after.length === 0) return [];
      const share = (id: string) => {
        const own = before.get(id) as ReadonlyArray<Verdict>;
        return own.filter(counts).length / own.length;
      };
      const single = (all: ReadonlyArray<Verdict>) => new Set(all.map((v) => v.draw)).size === 1;
      if (single(after) && single(of(baseline))) {
        const rows = (was: number, is: boolean) =>
          after.filter((v) => share(v.prompt_id) === was && counts(v) === is).length;
        const pairs = { both: rows(1, true), gained: rows(0, true), lost: rows(1, false), neither: rows(0, false) };
        return [{ arm, rate, change: pairedRateDifference(pairs), p: mcnemarExact(pairs.gained, pairs.lost) }];
      }
      const cells = after.map((v) => ({
        row: v.prompt_id,
        draw: v.draw,
        value: (counts(v) ? 1 : 0) - share(v.prompt_id),
      }));
      return [{ arm, rate, change: bootstrapCrossed(cells, { seed: `${seed}/${arm}/${rate}` }), p: null }];
    });
    const tested = changes.filter((change) => change.p !== null);
    const adjusted = holm(tested.map(({ p }) => p as number));
    return changes.map((change) => {
      const at = tested.indexOf(change);
      return at < 0 ? change : { ...change, p: adjusted[at] as number };
    });
  });
};
