/** Which attribution method finds heads that are known to be the cause. */
import type { RecoveryPoint } from "@precipice/artifacts";
import { methodName, recoveryChart, targetName } from "./chart-recovery.ts";
import type { ReportData } from "./data.ts";
import { download, downloads } from "./download.ts";
import { count } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import type { Picture } from "./picture.ts";
import { figure, section } from "./section.ts";

/** Recall and precision against k, by target; the random order has no target and stands in every panel. */
export const recoveryCharts = ({ benchmark }: ReportData): ReadonlyArray<Picture | null> => {
  const rows = benchmark?.rows ?? [];
  const isRandom = ({ method }: RecoveryPoint) => method === "random";
  const targets = [...new Set(rows.filter((row) => !isRandom(row)).map((row) => row.target))];
  return targets.flatMap((target) => {
    const own = rows.filter((row) => row.target === target || isRandom(row));
    return (["recall", "precision"] as const).map((measure) => recoveryChart(own, target, measure));
  });
};

/** null without a benchmark. */
export const recoverySection = (data: ReportData): Markup | null => {
  const charts = recoveryCharts(data);
  const rows = data.benchmark?.rows ?? [];
  if (charts.length === 0) return null;
  const plantings = Math.max(...rows.map((row) => row.n));
  return section(
    "recovery",
    "Which method finds the cause",
    "Heads were tuned into suppressors, so it is known which they are. Each method ranks all heads of each model; a method to trust has the planted ones first.",
    markup`${figure(
      charts,
      `Means over ${count(plantings)} plantings with 95\u00a0% intervals over plantings; the axis of k is logarithmic. One pass: direct contributions. Patching: gradient × activation. One by one: each head ablated alone. Random: expected of any order.`,
    )}${downloads(
      download(
        "recovery",
        rows.map(({ target, method, ...row }) => ({ target: targetName(target), method: methodName(method), ...row })),
      ),
    )}`,
  );
};
