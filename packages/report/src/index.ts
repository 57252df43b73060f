/**
 * A run as one HTML file, and its figures as SVG files. `renderReport` and `renderFigure` are pure functions over
 * plain rows; the stage `report.html` feeds them from a store.
 */

export type { FromNode, Metric, ReportData, ScoresFrom, Source } from "./data.ts";
export { type FigureName, figureNames, renderFigure } from "./figure.ts";
// Tables of one's own layout
export { fillTables } from "./fill-tables.ts";
// From rows to a page
export { renderReport } from "./page.ts";
// From a store to a page
export { reportHtml } from "./stage.ts";
export { TableLayout } from "./table-layout.ts";
export { tablesMarkdown } from "./tables-markdown.ts";
export { reportTables } from "./tables-stage.ts";
