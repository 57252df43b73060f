/**
 * Arms that are neither the ablation experiment nor a repair with a selection: a model after a change of the reader's own,
 * by the name that its traces have. They stand beside the others, so that no result of a pipeline is in the tables only.
 */
import { labelOf, type ReportData } from "./data.ts";
import { type Measure, readingsOf } from "./metric-key.ts";
import { repairsOf } from "./repairs.ts";

export interface OtherArm {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number | null;
}

/** In the order given; an arm is known when traces of the report are of it. */
export const otherArms = (data: ReportData, measure: Measure): ReadonlyArray<OtherArm> => {
  const known = new Set((data.traces ?? []).flatMap(({ rows }) => rows.map(({ arm }) => arm.toLowerCase())));
  const told = new Set(repairsOf(data).flatMap(({ asr, overRefusal }) => [asr, overRefusal]));
  return readingsOf(data.metrics ?? []).flatMap(({ measure: own, arm, subject, cut, metric }) => {
    const [name, more] = subject;
    if (own !== measure || arm !== null || cut.length > 0 || told.has(metric)) return [];
    if (name === undefined || more !== undefined || !known.has(name)) return [];
    const { value, lo, hi, n } = metric;
    return [{ name, label: labelOf(data, name), value, lo, hi, n }];
  });
};
