/** Colours, chart rules and page style of the report, for other pages that should look like it. */
export { pageStyle } from "./page-style.ts";
export { palette, svgStyle } from "./palette.ts";
