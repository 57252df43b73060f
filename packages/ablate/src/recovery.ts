/** Recovery of planted heads: precision and recall at k of each method, averaged over models with different planted heads. */
import type { HeadEffect, RecoveryPoint } from "@precipice/artifacts";
import { bootstrapMean, type Estimate, mean, wilson } from "@precipice/stats";

/** One model's ranking by one method: whether the head at each rank was planted. */
interface Ranking {
  readonly hits: ReadonlyArray<boolean>;
  readonly planted: number;
}

export interface Recovery {
  readonly target: HeadEffect["target"];
  readonly method: RecoveryPoint["method"];
  /** Mean recall over models at k = the number planted in each. */
  readonly atPlanted: Estimate;
  readonly points: ReadonlyArray<RecoveryPoint>;
}

const rankingsOf = (effects: ReadonlyArray<HeadEffect>): ReadonlyMap<string, Ranking> => {
  const final = effects.filter((effect) => effect.position === "final");
  return new Map(
    [...Map.groupBy(final, ({ target, method }) => `${target}/${method}`)].map(([key, rows]) => {
      const hits = [...rows].sort((a, b) => a.rank - b.rank).map((row) => row.planted === true);
      return [key, { hits, planted: hits.filter(Boolean).length }];
    }),
  );
};

const found = ({ hits }: Ranking, k: number): number => hits.slice(0, k).filter(Boolean).length;

/**
 * For every method that ranked the planted heads of every model (a method that tested only a few heads may have missed some,
 * which counts against it: recall is of the heads planted, `plantedCounts[i]` in model i), and for a random order.
 * `models[i]` holds the effects of one model. Throws a RangeError without models, or where none of a model's heads was planted.
 */
export const recoveryOf = (
  models: ReadonlyArray<ReadonlyArray<HeadEffect>>,
  { maxK, seed }: { readonly maxK: number; readonly seed: number },
): ReadonlyArray<Recovery> => {
  if (models.length === 0) throw new RangeError("no models to average over");
  const rankings = models.map(rankingsOf);
  const counts = rankings.map((methods) => Math.max(0, ...[...methods.values()].map((r) => r.planted)));
  const without = counts.indexOf(0);
  if (without >= 0) throw new RangeError(`model ${without + 1} of ${models.length} has no planted heads`);
  const sizes = rankings.map((methods) => Math.max(...[...methods.values()].map((r) => r.hits.length)));
  const over = (values: ReadonlyArray<number>, name: string): Estimate => {
    const found = bootstrapMean(values, { seed: `${seed}/${name}`, method: "percentile" });
    // all or none in every planting: resamples know no other, the plantings not made do
    return found.value === 0 || found.value === 1 ? wilson(found.value * values.length, values.length) : found;
  };
  /** Of the random order: an expectation, which no planting can move. */
  const exactly = (values: ReadonlyArray<number>): Estimate => ({
    value: mean(values),
    lo: null,
    hi: null,
    n: values.length,
  });
  const recovery = (
    target: HeadEffect["target"],
    method: RecoveryPoint["method"],
    hitsAt: (model: number, k: number) => number,
  ): Recovery => {
    const name = `${target}/${method}`;
    const estimate = method === "random" ? exactly : over;
    const recallAt = (k: number | undefined) =>
      estimate(
        counts.map((count, model) => hitsAt(model, k ?? count) / count),
        `${name}/recall/${k}`,
      );
    const points = Array.from({ length: Math.min(maxK, ...sizes) }, (_, i): RecoveryPoint => {
      const k = i + 1;
      const recall = recallAt(k);
      const precision = estimate(
        counts.map((_count, model) => hitsAt(model, k) / k),
        `${name}/precision/${k}`,
      );
      return {
        target,
        method,
        k,
        precision: precision.value,
        precision_lo: precision.lo,
        precision_hi: precision.hi,
        recall: recall.value,
        recall_lo: recall.lo,
        recall_hi: recall.hi,
        n: models.length,
      };
    });
    return { target, method, atPlanted: recallAt(undefined), points };
  };
  const shared = [...(rankings[0] as ReadonlyMap<string, Ranking>).keys()].filter((key) =>
    rankings.every((methods) => methods.has(key)),
  );
  const measured = shared.map((key) => {
    const [target, method] = key.split("/") as [HeadEffect["target"], HeadEffect["method"]];
    return recovery(target, method, (model, k) => found(rankings[model]?.get(key) as Ranking, k));
  });
  const random = recovery(
    "probe",
    "random",
    (model, k) => (k * (counts[model] as number)) / (sizes[model] as number), // hypergeometric mean
  );
  return [...measured, random];
};
