/** Section 5: what ever fewer training rows come to. */
import { budgetGroups } from "./budgets.ts";
import { budgetChart } from "./chart-budgets.ts";
import { repairCurveChart } from "./chart-repair-curves.ts";
import { labelOf, type ReportData } from "./data.ts";
import { download, downloads } from "./download.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { figure, section } from "./section.ts";

const budgets = (data: ReportData) =>
  budgetGroups(data.metrics ?? []).filter(({ points }) => new Set(points.map((p) => p.percent)).size > 1);

/** One chart per model and measure of a study of budgets. */
export const budgetCharts = (data: ReportData): ReadonlyArray<Picture | null> =>
  budgets(data).map(({ points, measure, model }) =>
    budgetChart(points, measure, model, (method) => labelOf(data, method)),
  );

/** One chart per model of a study whose trainings were watched. */
export const repairCurveCharts = (data: ReportData): ReadonlyArray<Picture | null> =>
  (data.studies ?? []).flatMap(({ conclusions, curves }) =>
    [...Map.groupBy(curves, ({ model }) => model)].map(([model, own]) =>
      repairCurveChart(own, conclusions[0]?.percent ?? 0, model, (method) => labelOf(data, method)),
    ),
  );

/** null without a study of budgets. */
export const budgetsSection = (data: ReportData): Markup | null => {
  const groups = budgets(data);
  const curves = repairCurveCharts(data).filter((chart) => chart !== null);
  if (groups.length === 0) return null;
  const conclusions = (data.studies ?? []).flatMap((study) => study.conclusions.map(({ text }) => text));
  return section(
    "budgets",
    "Less is more",
    "Each method picks a share of the same pool; the model is repaired with that share alone. A method that ranks well is low on the left, where few rows are trained on.",
    markup`${conclusions.length > 0 && markup`<ul class="conclusions">${conclusions.map((text) => markup`<li>${text}</li>`)}</ul>`}${figure(
      budgetCharts(data),
      "Rates with 95\u00a0% intervals as given; the axis of shares is logarithmic.",
    )}${
      curves.length > 0 &&
      figure(
        curves,
        "Mean over seeds, with the lowest and highest of them as a band. Validation prompts are neither trained on nor those of the rates above.",
      )
    }${downloads(
      download(
        "budgets",
        groups.flatMap(({ points }) =>
          points.map(({ model, method, percent, measure, metric: { value, lo, hi, n } }) => ({
            model,
            method,
            percent,
            measure,
            value,
            lo,
            hi,
            n,
          })),
        ),
      ),
      ...(curves.length === 0
        ? []
        : [
            download(
              "repair-curves",
              (data.studies ?? []).flatMap((study) => study.curves),
            ),
          ]),
    )}`,
  );
};
