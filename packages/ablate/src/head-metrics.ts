/** Metrics of `heads.attribute`: do the methods agree, and do they find heads that are known to be the cause. */
import type { HeadEffect } from "@precipice/artifacts";
import { type Estimate, wilson } from "@precipice/stats";
import { agreement, type MethodEffects, recallAtPlanted } from "./head-effects.ts";

const metric = (key: string, estimate: Estimate) => ({ key, ...estimate });

/** `heads.direct_patching.spearman` and so on for the probe, `heads.logit_difference.direct_patching.spearman` for the logits. */
export const agreementMetrics = (methods: ReadonlyArray<MethodEffects>, seed: number) =>
  methods.flatMap((a, i) =>
    methods.slice(i + 1).flatMap((b) => {
      if (a.method === "greedy" || b.method === "greedy") return []; // its effects are not of heads alone
      if (a.target !== b.target || a.position !== "final" || b.position !== "final") return [];
      const { spearman, kendall } = agreement(a, b, seed);
      if (!Number.isFinite(spearman.value)) return []; // a single head has no order
      const key = `heads.${a.target === "probe" ? "" : `${a.target}.`}${a.method}_${b.method}`;
      return [metric(`${key}.spearman`, spearman), metric(`${key}.kendall`, kendall)];
    }),
  );

/** Of the planted heads, how many are among the top `k`, and among as many top heads as are planted, by every method. */
export const recallMetrics = (
  ranked: ReadonlyArray<{ readonly planted: boolean | null }>,
  effects: ReadonlyArray<ReadonlyArray<HeadEffect>>,
  planted: ReadonlySet<string>,
  k: number,
) => {
  const among = (count: number) => wilson(ranked.slice(0, count).filter((h) => h.planted).length, planted.size);
  return [
    metric("heads.planted_recall", among(k)),
    metric("heads.recall_at_planted", among(planted.size)),
    ...effects.flatMap((rows) => {
      const [first] = rows;
      if (first === undefined || first.position !== "final") return [];
      const { target, method } = first;
      if (target === "probe" && method === "direct") return []; // heads.recall_at_planted
      const name = target === "probe" ? method : `${target}.${method}`;
      return [metric(`heads.${name}.recall_at_planted`, recallAtPlanted(rows, planted))];
    }),
  ];
};
