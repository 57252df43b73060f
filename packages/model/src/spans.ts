/** The parts of a trace, without models or files: what a page needs. */
export { findSpans, type SpanFormat, type Spans } from "./text/spans.ts";
