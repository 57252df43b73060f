/**
 * The report as one HTML file: everything inline, nothing loaded, the same input gives the same bytes.
 */
import type { ReportData } from "./data.ts";
import { markup, trusted } from "./markup.ts";
import { contentSecurityPolicy, pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { palette, svgStyle } from "./palette.ts";
import { armsSection } from "./section-arms.ts";
import { budgetsSection } from "./section-budgets.ts";
import { curvesSection } from "./section-curves.ts";
import { headSection } from "./section-head.ts";
import { headsSection } from "./section-heads.ts";
import { methodSection } from "./section-method.ts";
import { recoverySection } from "./section-recovery.ts";
import { selectionSection } from "./section-selection.ts";
import { exampleRules, tracesSection } from "./section-traces.ts";
import { seriesOf } from "./series.ts";

/**
 * Renders a report. Parts that were not given are left out; text from models and prompts is escaped and its
 * control characters are shown.
 *
 * @example
 * ```ts
 * writeFileSync("report.html", renderReport({ title: "Heads of my model", heads: { node: "heads", rows } }));
 * ```
 */
export const renderReport = (data: ReportData): string => {
  const series = seriesOf(data);
  const style = [palette(), svgStyle, pageStyle, exampleRules(data.examples ?? 6)].join("\n");
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(contentSecurityPolicy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${data.title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
<main id="results" tabindex="-1">
${headSection(data)}
${curvesSection(data, series)}
${headsSection(data)}
${recoverySection(data)}
${armsSection(data)}
${selectionSection(data)}
${budgetsSection(data)}
${tracesSection(data, series)}
${methodSection(data)}
</main>
<div id="tip" role="status" hidden></div>
<script>${trusted(pageScript)}</script>
</body>
</html>
`.text;
};
