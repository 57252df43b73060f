/** How much could not be judged and how far judges agree: as lines for the log and, with a prefix, as metrics. */
import type { JudgementRow, Metrics, Verdict } from "@precipice/artifacts";
import { type Estimate, wilson } from "@precipice/stats";
import { familySlug } from "./evaluate.ts";
import { agreement } from "./judge-majority.ts";

type Metric = typeof Metrics.tables.metrics.Type;

export const measureJudges = (
  verdicts: readonly Verdict[],
  judgements: readonly JudgementRow[],
  names: readonly string[],
  { metrics: prefix, seed }: { readonly metrics?: string; readonly seed: number },
): { readonly lines: readonly string[]; readonly metrics: readonly Metric[] } => {
  const lines: string[] = [];
  const metrics: Metric[] = [];
  const add = (key: string, estimate: Estimate) => {
    if (prefix !== undefined) metrics.push({ key: `${prefix}.${key}`, ...estimate });
  };
  if (verdicts.length > 0) {
    const failed = verdicts.filter(({ verdict }) => verdict === "error").length;
    const rate = wilson(failed, verdicts.length);
    add("error_rate", rate);
    const interval = `${rate.lo.toFixed(3)}–${rate.hi.toFixed(3)}`;
    if (failed > 0)
      lines.push(`${failed} of ${verdicts.length} traces could not be judged (95 % interval ${interval})`);
  }
  // every judged trace has one judgement by each judge, in the order of the traces
  const by = Map.groupBy(judgements, ({ judge }) => judge);
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      const found = agreement(by.get(a) ?? [], by.get(b) ?? [], `${seed}/${a}/${b}`);
      if (found === null) continue;
      const { kappa, same } = found;
      const pair = `${familySlug(a)}.${familySlug(b)}`;
      add(`agreement.${pair}`, same);
      if (kappa !== null) add(`kappa.${pair}`, kappa);
      const said = kappa === null ? "not defined: each gave one verdict only" : kappa.value.toFixed(2);
      lines.push(`${a} and ${b} agree on ${(100 * same.value).toFixed(1)} % of ${same.n} traces, kappa ${said}`);
    }
  }
  return { lines, metrics };
};
