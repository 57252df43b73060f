/** Section 3: what ablating heads does to behaviour. */
import { type ArmRow, armRows } from "./arms.ts";
import { fractionChart } from "./chart-fractions.ts";
import { type IntervalRow, intervalChart } from "./chart-intervals.ts";
import type { ReportData } from "./data.ts";
import { download, downloads } from "./download.ts";
import { count, list, score } from "./format.ts";
import { interventionText } from "./intervention-text.ts";
import { type Markup, markup } from "./markup.ts";
import { type Measure, measureInfo } from "./metric-key.ts";
import { otherArms } from "./other-arms.ts";
import type { Picture } from "./picture.ts";
import { figure, section } from "./section.ts";

const tone: Readonly<Record<ArmRow["arm"]["kind"], IntervalRow["tone"]>> = {
  base: "ink",
  ablate: "refusal",
  random: "muted",
  promote: "suppress",
};

const measures = Object.keys(measureInfo) as ReadonlyArray<Measure>;

/** The measures against the share of heads ablated, where it was varied. */
export const fractionCharts = (data: ReportData): ReadonlyArray<Picture> =>
  measures.flatMap((measure) => fractionChart(armRows(data, measure), measure) ?? []);

/** One chart per rate that was evaluated with ablated heads. */
export const armCharts = (data: ReportData): ReadonlyArray<Picture> =>
  (
    [
      ["asr", "Attack success rate"],
      ["over_refusal", "Over-refusal on harmless prompts"],
    ] as const
  ).flatMap(([measure, title]) => {
    const rows = armRows(data, measure);
    const bases = rows.filter((r) => r.arm.kind === "base");
    const base = bases.length === 1 ? bases[0] : undefined;
    const reference = base === undefined ? null : { value: base.value, label: `no ablation ${score(base.value)}` };
    return rows.length === 0
      ? []
      : [
          intervalChart(
            title,
            [
              ...rows.map((r) => ({ ...r, tone: tone[r.arm.kind] })),
              ...otherArms(data, measure).map((r) => ({ ...r, tone: "ink" as const })),
            ],
            reference,
          ),
        ];
  });

/** null without ablation metrics. */
export const armsSection = (data: ReportData): Markup | null => {
  const charts = [...fractionCharts(data), ...armCharts(data)];
  if (charts.length === 0) return null;
  const sizes = (measure: "asr" | "over_refusal") => {
    const rows = armRows(data, measure);
    const known = [...new Set(rows.flatMap((r) => (r.n === null ? [] : [r.n])))].sort((a, b) => a - b);
    return rows.length === 0 || known.length === 0
      ? []
      : [`${measure === "asr" ? "ASR" : "over-refusal"}: n ${list(known.map(count))} per arm`];
  };
  return section(
    "ablation",
    "Ablating heads",
    `${interventionText(data)} If the heads cause the fall, refusals come back; random heads of the same number are the control.`,
    markup`${figure(
      charts,
      markup`Values with their 95\u00a0% intervals. Filled: heads chosen by contribution. Hollow and dashed: controls, the line through the mean of their draws. ${[...sizes("asr"), ...sizes("over_refusal")].join("; ")}.`,
    )}${downloads(
      download(
        "ablation",
        measures.flatMap((measure) =>
          armRows(data, measure).map(({ arm, node, label, value, lo, hi, n }) => ({
            measure,
            node,
            arm: arm.name,
            kind: arm.kind,
            percent: arm.percent,
            label,
            value,
            lo,
            hi,
            n,
          })),
        ),
      ),
    )}`,
  );
};
