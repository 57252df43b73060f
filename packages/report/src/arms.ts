/**
 * The ablation experiment as rows: no ablation, then 1, 3, 10 % of the suppressing heads, then the controls.
 */
import { labelOf, type ReportData } from "./data.ts";
import { percent } from "./format.ts";
import { type Arm, type Measure, type Reading, readingsOf } from "./metric-key.ts";

export interface ArmRow {
  readonly arm: Arm;
  readonly node: string;
  readonly label: string;
  readonly value: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number | null;
}

const order: ReadonlyArray<Arm["kind"]> = ["base", "ablate", "random", "promote"];

/** Nodes that evaluated something besides `base`: those are the ablation experiments. */
export const ablationNodes = (readings: ReadonlyArray<Reading>): ReadonlySet<string> =>
  new Set(readings.filter((r) => r.arm !== null && r.arm.kind !== "base").map((r) => r.node));

/** The rows of one measure in reading order; empty when no ablation was evaluated. */
export const armRows = (data: ReportData, measure: Measure): ReadonlyArray<ArmRow> => {
  const readings = readingsOf(data.metrics ?? []);
  const nodes = ablationNodes(readings);
  const rows = readings.flatMap((r) =>
    r.measure === measure && r.arm !== null && r.cut.length === 0 && nodes.has(r.node)
      ? [{ ...r, arm: r.arm, from: undefined }]
      : [],
  );
  const several = new Set(rows.map((r) => r.node)).size > 1;
  return [...rows, ...baseElsewhere(rows, readings, measure)]
    .map(({ arm, node, from, metric: { value, lo, hi, n } }) => ({
      arm,
      node,
      label: armLabel(data, arm) + (several || from !== undefined ? ` · ${labelOf(data, from ?? node)}` : ""),
      value,
      lo,
      hi,
      n,
    }))
    .sort(
      (a, b) =>
        (several ? a.node.localeCompare(b.node, "en") : 0) ||
        order.indexOf(a.arm.kind) - order.indexOf(b.arm.kind) ||
        a.arm.percent - b.arm.percent ||
        a.arm.name.localeCompare(b.arm.name, "en"),
    );
};

/**
 * The unablated model where another node evaluated it, as the one experiment's own row; its label says from where. Nothing
 * when the experiment has a base, when there are several experiments, or several bases to choose from.
 */
const baseElsewhere = <Row extends Reading & { readonly arm: Arm }>(
  rows: ReadonlyArray<Row>,
  readings: ReadonlyArray<Reading>,
  measure: Measure,
) => {
  const [first] = rows;
  if (first === undefined || rows.some((r) => r.arm.kind === "base" || r.node !== first.node)) return [];
  const bases = readings.filter(
    (r) => r.measure === measure && r.arm?.kind === "base" && r.cut.length === 0 && r.subject.length === 0,
  );
  const [base] = bases;
  return base?.arm == null || bases.length > 1 ? [] : [{ ...base, arm: base.arm, node: first.node, from: base.node }];
};

const armLabel = (data: ReportData, arm: Arm): string => {
  const own = labelOf(data, arm.name);
  if (own !== arm.name) return own;
  if (arm.kind === "base") return "no ablation";
  const share = percent(arm.percent / 100);
  const draw = /(?:pct|percent)_(\w+)$/.exec(arm.name)?.[1];
  const suffix = draw === undefined ? "" : ` (${draw})`;
  if (arm.kind === "ablate") return `${share} suppressing${suffix}`;
  return arm.kind === "random" ? `${share} random${suffix}` : `${share} promoting${suffix}`;
};

/** The arms a sentence compares: base, the ablation nearest to 3 % of the heads, and random heads of that size. */
export const headline = (
  rows: ReadonlyArray<ArmRow>,
): { readonly base: ArmRow; readonly ablated: ArmRow; readonly random: ArmRow | null } | null => {
  const base = rows.find((r) => r.arm.kind === "base");
  if (base === undefined) return null;
  const same = rows.filter((r) => r.node === base.node);
  const ablated = same
    .filter((r) => r.arm.kind === "ablate")
    .reduce<ArmRow | null>(
      (best, r) => (best === null || Math.abs(r.arm.percent - 3) < Math.abs(best.arm.percent - 3) ? r : best),
      null,
    );
  if (ablated === null) return null;
  const random = same.find((r) => r.arm.kind === "random" && r.arm.percent === ablated.arm.percent) ?? null;
  return { base, ablated, random };
};
