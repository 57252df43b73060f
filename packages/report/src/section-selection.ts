/** Section 4: repairing the model with rows chosen in different ways. */
import { armRows } from "./arms.ts";
import { distributionChart } from "./chart-distribution.ts";
import { intervalChart } from "./chart-intervals.ts";
import { trainingChart } from "./chart-loss.ts";
import { rowsChart } from "./chart-rows.ts";
import { labelOf, type ReportData } from "./data.ts";
import { download, downloads } from "./download.ts";
import { count, list, score } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { type Repair, repairsOf } from "./repairs.ts";
import { figure, section } from "./section.ts";

/** ASR, over-refusal, rows and loss per repair, as far as they are known. */
export const selectionCharts = (data: ReportData): ReadonlyArray<Picture> => {
  const repairs = repairsOf(data);
  if (repairs.length === 0) return [];
  const measured = (measure: "asr" | "overRefusal", title: string): ReadonlyArray<Picture> => {
    if (repairs.every((r) => r[measure] === null)) return [];
    const before = armRows(data, measure === "asr" ? "asr" : "over_refusal").filter((r) => r.arm.kind === "base");
    const only = before.length === 1 ? before[0] : undefined;
    const rows = repairs.map((r) => ({
      label: r.label,
      tone: tone(r),
      ...(r[measure] ?? { value: null, lo: null, hi: null, n: null }),
    }));
    return [
      intervalChart(
        title,
        rows,
        only === undefined ? null : { value: only.value, label: `before ${score(only.value)}` },
      ),
    ];
  };
  const trained = repairs.filter((r) => r.steps.length > 0).map((r) => ({ label: r.label, steps: r.steps }));
  const ranked = rankedSelection(data);
  const distribution = ranked === null ? null : distributionChart(ranked.rows);
  const counted = repairs.map((r) => ({ label: r.label, value: r.rows?.selected ?? null, pool: r.rows?.pool ?? null }));
  return [
    ...measured("asr", "Attack success rate after repair"),
    ...measured("overRefusal", "Over-refusal after repair"),
    ...(repairs.some((r) => r.rows !== null) ? [rowsChart("Rows trained on", counted)] : []),
    ...(distribution === null ? [] : [distribution]),
    ...(["loss", "eval_loss", "validation_asr", "validation_overrefusal", "grad_norm", "kl"] as const).flatMap(
      (measure) => trainingChart(trained, measure) ?? [],
    ),
  ];
};

/** The selection whose scores are worth a picture: one by misalignment score, else the first that has scores. */
const rankedSelection = (data: ReportData) => {
  const scored = (data.selections ?? []).filter(({ rows }) => rows.some((r) => r.score !== null));
  return scored.find(({ rows }) => /misalign/.test(rows[0]?.method ?? "")) ?? scored[0] ?? null;
};

/** Selections by misalignment score are the thing tried, others are what it is compared with. */
const tone = (repair: Repair): "refusal" | "muted" =>
  /misalign|cliff/.test(repair.rows?.method ?? repair.group) ? "refusal" : "muted";

/** null without selections and adapters. */
export const selectionSection = (data: ReportData): Markup | null => {
  const charts = selectionCharts(data);
  if (charts.length === 0) return null;
  const repairs = repairsOf(data);
  const sizes = repairs.flatMap((r) => (r.asr?.n == null ? [] : [r.asr.n]));
  const steps = repairs.filter((r) => r.steps.length > 0).map((r) => `${r.label} ${count(r.steps.length)}`);
  return section(
    "selection",
    "Choosing rows to repair with",
    "Each method picks rows from the same pool; an adapter is trained on them and the repaired model is evaluated. A good choice repairs with few rows and leaves harmless prompts answered; rows that teach the wrong thing show up as over-refusal.",
    markup`${figure(
      charts,
      markup`Rates with 95\u00a0% intervals${sizes.length > 0 && `; n ${list([...new Set(sizes)].sort((a, b) => a - b).map(count))} judged responses per method`}. Filled: ranked by misalignment score. Hollow: the other methods.${steps.length > 0 && ` Training steps: ${list(steps)}.`}`,
    )}${downloads(
      download(
        "selection",
        (data.selections ?? []).flatMap(({ node, rows }) =>
          rows.map((row) => ({ selection: labelOf(data, node), ...row })),
        ),
      ),
      download(
        "training",
        (data.adapters ?? []).flatMap(({ node, rows }) =>
          rows.map((row) => ({ adapter: labelOf(data, node), ...row })),
        ),
      ),
    )}`,
  );
};
