/** The ranking by direct contribution at the final position, as the `heads` table has it. */
import { bootstrapMean } from "@precipice/stats";
import { type Attribution, lastWritingLayer } from "./attribute-heads.ts";

/** An attribution's values at the final position alone, one per trace. */
export const atFinal = (found: Attribution, finals: ReadonlyArray<ReadonlyArray<number>>): Attribution => {
  const pick = (values: Float64Array) => Float64Array.from(finals, ([place]) => values[place as number] as number);
  const { contributions, raw, embedding, biases, mlps, reading, site } = found;
  return {
    contributions: contributions.map(pick),
    raw: raw.map(pick),
    embedding: pick(embedding),
    biases: biases.map(pick),
    mlps: mlps.map(pick),
    reading: pick(reading),
    site,
  };
};

/** Heads that can have written what the probe reads, the most suppressing first. */
export const rankedHeads = (
  { contributions, raw }: Attribution,
  site: string,
  layers: number,
  planted: ReadonlySet<string> | undefined,
  seed: number,
) => {
  const perLayer = contributions.length / layers;
  return contributions
    .slice(0, (lastWritingLayer(site, layers) + 1) * perLayer)
    .map((values, cell) => {
      const [layer, head] = [Math.floor(cell / perLayer), cell % perLayer];
      const { value, lo, hi, n } = bootstrapMean(values, { seed: `${seed}/${layer}.${head}`, draws: 500 });
      const plain = raw[cell] as Float64Array;
      return {
        layer,
        head,
        contribution: value,
        contribution_raw: plain.reduce((a, b) => a + b, 0) / plain.length,
        lo,
        hi,
        n,
        planted: planted?.has(`${layer}.${head}`) ?? null,
        causal_delta: null as number | null,
      };
    })
    .sort((a, b) => a.contribution - b.contribution || a.layer - b.layer || a.head - b.head)
    .map((cell, i) => ({ ...cell, rank: i + 1 }));
};
