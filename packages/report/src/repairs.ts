/**
 * A repair is one way to choose training rows, followed to its end: the selection, the adapter trained on it and
 * what the repaired model then did. Nodes belong together when their names do (`select_cliff`, `lora_cliff`,
 * `eval_cliff`) or when the config's `groups` say so.
 */
import type { TrainingStep } from "@precipice/artifacts";
import { ablationNodes } from "./arms.ts";
import { labelOf, type Metric, type ReportData } from "./data.ts";
import { type Measure, type Reading, readingsOf } from "./metric-key.ts";

export interface Repair {
  readonly group: string;
  readonly label: string;
  /** Rows taken and rows of the pool, of which the budget is a share; null without a selection. */
  readonly rows: { readonly selected: number; readonly pool: number; readonly method: string } | null;
  readonly asr: Metric | null;
  readonly overRefusal: Metric | null;
  readonly steps: ReadonlyArray<TrainingStep>;
}

const roles = new Set(
  "select selection selected evaluate evaluation eval metrics finetune tune train trained lora adapter repair repaired merge merged sft judge after".split(
    " ",
  ),
);

/** `eval_cliff` → `cliff`; a name made of role words only stays as it is. */
export const groupOf = (data: Pick<ReportData, "groups">, node: string): string => {
  if (data.groups !== undefined && Object.hasOwn(data.groups, node)) return data.groups[node] ?? node;
  const words = node.split(/[_.\-/]/).filter((word) => !roles.has(word.toLowerCase()));
  return words.length === 0 ? node : words.join("_");
};

/** One row per group of selections and adapters, in input order. */
export const repairsOf = (data: ReportData): ReadonlyArray<Repair> => {
  const selections = data.selections ?? [];
  const adapters = data.adapters ?? [];
  const groups = [...new Set([...selections, ...adapters].map(({ node }) => groupOf(data, node)))];
  const readings = readingsOf(data.metrics ?? []);
  const ablations = ablationNodes(readings);
  const single = readings.filter((r) => r.cut.length === 0 && !ablations.has(r.node));

  return groups.map((group) => {
    const selection = selections.find(({ node }) => groupOf(data, node) === group);
    const adapter = adapters.find(({ node }) => groupOf(data, node) === group);
    const node = selection?.node ?? adapter?.node ?? group;
    const named = labelOf(data, node);
    return {
      group,
      label: named === node ? labelOf(data, group) : named,
      rows:
        selection === undefined
          ? null
          : {
              selected: selection.rows.filter((r) => r.selected).length,
              pool: selection.rows.filter((r) => r.in_pool !== false).length,
              method: selection.rows[0]?.method ?? "",
            },
      asr: outcome(data, single, group, "asr"),
      overRefusal: outcome(data, single, group, "over_refusal"),
      steps: adapter?.rows ?? [],
    };
  });
};

/** The reading whose key names the group, else the one whose node does. */
const outcome = (
  data: ReportData,
  readings: ReadonlyArray<Reading>,
  group: string,
  measure: Measure,
): Metric | null => {
  const fitting = readings.filter((r) => r.measure === measure);
  const names = (words: ReadonlyArray<string>) => words.some((word) => groupOf(data, word) === group);
  const found =
    fitting.find((r) => names(r.subject)) ??
    fitting.find((r) => r.subject.length === 0 && groupOf(data, r.node) === group) ??
    fitting.find((r) => groupOf(data, r.node) === group);
  return found?.metric ?? null;
};
