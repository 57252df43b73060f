/** The parts of a trace and the known formats, without models or files: what a page and a command's help need. */
export { KNOWN_FORMAT_NAMES, type KnownFormatName } from "./text/known-formats.ts";
export { findSpans, type SpanFormat, type Spans } from "./text/spans.ts";
