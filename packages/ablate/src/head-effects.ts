/**
 * Methods side by side: every one says what ablating a head alone does to a target, in the target's logits, so that their
 * numbers and their order can be compared.
 */
import type { EffectMethod, EffectTarget, HeadEffect } from "@precipice/artifacts";
import { bootstrap, type Estimate, kendall, mean, meanNormal, spearman, wilson } from "@precipice/stats";
import { type Attribution, lastWritingLayer } from "./attribute-heads.ts";
import type { AblatedReadings, HeadIndex, Readings } from "./causal-check.ts";

export interface HeadValues extends HeadIndex {
  /** The effect in each trace. */
  readonly values: Float64Array;
}

/** One method's effects on one target at one position. */
export interface MethodEffects {
  readonly target: EffectTarget;
  readonly method: EffectMethod;
  readonly position: string;
  readonly heads: ReadonlyArray<HeadValues>;
}

const cellsUpTo = (count: number, perLayer: number, lastLayer: number): ReadonlyArray<HeadIndex & { cell: number }> =>
  Array.from({ length: Math.min(count, (lastLayer + 1) * perLayer) }, (_, cell) => ({
    cell,
    layer: Math.floor(cell / perLayer),
    head: cell % perLayer,
  }));

/**
 * Direct effects from contributions: taking a head away takes away what it wrote. `norm` is ‖w‖; `groups` lists the places of each
 * trace, over which a trace's effect is the mean.
 */
export const directEffects = (
  { contributions, site }: Attribution,
  norm: number,
  layers: number,
  groups: ReadonlyArray<ReadonlyArray<number>>,
): ReadonlyArray<HeadValues> =>
  cellsUpTo(contributions.length, contributions.length / layers, lastWritingLayer(site, layers)).map(
    ({ cell, ...head }) => ({
      ...head,
      values: Float64Array.from(
        groups,
        (places) => -norm * mean(places.map((place) => contributions[cell]?.[place] as number)),
      ),
    }),
  );

/** Effects by patching, of the heads that the site can have read. */
export const patchingEffects = (
  effects: ReadonlyArray<Float64Array>,
  site: string,
  layers: number,
): ReadonlyArray<HeadValues> =>
  cellsUpTo(effects.length, effects.length / layers, lastWritingLayer(site, layers)).map(({ cell, ...head }) => ({
    ...head,
    values: effects[cell] as Float64Array,
  }));

/** Measured effects of heads ablated one by one on the `direction`-th of the directions that were read. */
export const causalEffects = (
  heads: ReadonlyArray<HeadIndex>,
  { base, ablated }: AblatedReadings,
  direction: number,
): ReadonlyArray<HeadValues> =>
  heads.map(({ layer, head }, i) => ({
    layer,
    head,
    values: ((ablated[i] as Readings)[direction] as Float64Array).map(
      (z, row) => z - (base[direction]?.[row] as number),
    ),
  }));

/** Rows of the artifact, the most suppressing head first; a greedy selection in its own order. */
export const effectRows = (
  { target, method, position, heads }: MethodEffects,
  planted: ReadonlySet<string> | undefined,
): ReadonlyArray<HeadEffect> =>
  heads
    .map(({ layer, head, values }) => {
      const { value, lo, hi, n } = meanNormal(values);
      return { layer, head, effect: value, lo, hi, n };
    })
    .sort((a, b) => (method === "greedy" ? 0 : b.effect - a.effect || a.layer - b.layer || a.head - b.head))
    .map((row, i) => ({
      target,
      method,
      position,
      ...row,
      rank: i + 1,
      planted: planted?.has(`${row.layer}.${row.head}`) ?? null,
    }));

/** The share of the planted heads among as many top heads. */
export const recallAtPlanted = (rows: ReadonlyArray<HeadEffect>, planted: ReadonlySet<string>): Estimate =>
  wilson(rows.filter((row) => row.rank <= planted.size && row.planted === true).length, planted.size);

/**
 * Do two methods order the heads that both have alike? Spearman's rho with a bootstrap interval over traces, and Kendall's tau-b.
 * NaN where fewer than two heads are in both, or all effects of one are equal. Both must have run over the same traces.
 */
export const agreement = (
  a: MethodEffects,
  b: MethodEffects,
  seed: number | string,
): { readonly spearman: Estimate; readonly kendall: Estimate } => {
  const others = new Map(b.heads.map((h) => [`${h.layer}.${h.head}`, h.values]));
  const pairs = a.heads.flatMap(({ layer, head, values }) => {
    const other = others.get(`${layer}.${head}`);
    return other === undefined ? [] : [[values, other] as const];
  });
  const traces = pairs[0]?.[0].length ?? 0;
  const means = (rows: ArrayLike<number>, side: 0 | 1) =>
    pairs.map((pair) => {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) sum += pair[side][rows[i] as number] as number;
      return sum / rows.length;
    });
  const rho = bootstrap(traces, (rows) => spearman(means(rows, 0), means(rows, 1)), {
    seed,
    draws: 200,
    method: "percentile",
  });
  const every = Array.from({ length: traces }, (_, i) => i);
  return {
    spearman: { ...rho, n: pairs.length },
    kendall: { value: kendall(means(every, 0), means(every, 1)), lo: null, hi: null, n: pairs.length },
  };
};
