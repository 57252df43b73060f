/**
 * What pages of this family are made of, for other programs that draw some: text that escapes itself, the colours, how
 * numbers look, the graph of tasks. Loads no chart library.
 */
export { lineageChart } from "./chart-lineage.ts";
export type { LineageTask } from "./data.ts";
export { count } from "./format.ts";
export { Markup, markup, type Part, trusted } from "./markup.ts";
export { palette, svgStyle } from "./palette.ts";
export { visibleText } from "./visible-text.ts";
