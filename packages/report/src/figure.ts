/** Single figures as SVG files, for a README or a paper: own colours for light and dark, no script. */

import { curvePanel } from "./chart-curves.ts";
import { headBars } from "./chart-head-bars.ts";
import { headMap } from "./chart-head-map.ts";
import type { ReportData } from "./data.ts";
import { combine, type Picture, standalone } from "./picture.ts";
import { armCharts, fractionCharts } from "./section-arms.ts";
import { budgetCharts } from "./section-budgets.ts";
import { recoveryCharts } from "./section-recovery.ts";
import { selectionCharts } from "./section-selection.ts";
import { seriesOf } from "./series.ts";
import { templateRegion } from "./template-region.ts";

interface Figure {
  readonly title: string;
  readonly pictures: (data: ReportData) => ReadonlyArray<Picture | null>;
}

const figures = {
  curves: {
    title: "Refusal score along the tokens",
    pictures: (data) => {
      const series = seriesOf(data);
      const length = templateRegion(series)?.length ?? 0;
      return [curvePanel(series, "thinking_start", length), curvePanel(series, "thinking_end", length)];
    },
  },
  heads: {
    title: "Heads that suppress refusal",
    pictures: ({ heads }) =>
      heads === undefined || heads.rows.length === 0 ? [] : [headMap(heads.rows), headBars(heads.rows)],
  },
  recovery: { title: "Which method finds the cause", pictures: recoveryCharts },
  ablation: { title: "Ablating heads", pictures: armCharts },
  fractions: { title: "Ablating more and more heads", pictures: fractionCharts },
  selection: { title: "Choosing rows to repair with", pictures: selectionCharts },
  budgets: { title: "Less is more", pictures: budgetCharts },
} satisfies Readonly<Record<string, Figure>>;

/** Figures that can be had on their own. */
export type FigureName = keyof typeof figures;

export const figureNames = Object.keys(figures) as ReadonlyArray<FigureName>;

/**
 * One figure as a standalone SVG document, its panels in rows of two.
 *
 * @throws RangeError when the data does not hold what the figure shows.
 */
export const renderFigure = (name: FigureName, data: ReportData): string => {
  const drawn = drawFigure(name, data);
  if (drawn === undefined) throw new RangeError(`there is nothing to draw in figure "${name}"`);
  return drawn;
};

/** The same; undefined when the data does not hold what the figure shows. */
export const drawFigure = (name: FigureName, data: ReportData): string | undefined => {
  const { title, pictures } = figures[name];
  const drawn = pictures(data).filter((p) => p !== null);
  if (drawn.length === 0) return undefined;
  const rows = Array.from({ length: Math.ceil(drawn.length / 2) }, (_, i) => drawn.slice(2 * i, 2 * i + 2));
  const label = drawn.map((p) => p.label).join(" ");
  const pictureRows = rows.map((row) => combine(row, "row", label, 36));
  return standalone(combine(pictureRows, "column", label), title);
};
