/** Where the parts of a trace lie, and which part a token is in. */
import type { Region } from "@precipice/artifacts";
import { ProbeInputError } from "./probe-error.ts";

/** Half-open token ranges: prompt up to thinkingStart, thinking up to thinkingEnd, template up to responseStart. */
export interface Spans {
  readonly thinkingStart: number;
  readonly thinkingEnd: number;
  /** null when the close marker never came: all after thinkingStart is thinking. */
  readonly responseStart: number | null;
}

export const regionOf = (spans: Spans, token: number): Region => {
  if (token < spans.thinkingStart) return "prompt";
  if (token < spans.thinkingEnd || spans.responseStart === null) return "thinking";
  return token < spans.responseStart ? "template" : "response";
};

/** Index of the final position, the last token before the response; null when there is none. */
export const finalIndex = (spans: Spans): number | null =>
  spans.responseStart === null ? null : spans.responseStart - 1;

/** Throws a ProbeInputError `shape` unless the spans are ordered and lie within `length` tokens. */
export const checkSpans = (id: string, { thinkingStart, thinkingEnd, responseStart }: Spans, length: number): void => {
  const bounds = [0, thinkingStart, thinkingEnd, ...(responseStart === null ? [] : [responseStart]), length];
  if (bounds.some((bound, i) => !Number.isInteger(bound) || bound < (bounds[i - 1] ?? 0))) {
    throw new ProbeInputError(
      "shape",
      `trace ${id}: spans thinking ${thinkingStart}–${thinkingEnd}, response ${responseStart} do not fit ${length} scored tokens`,
    );
  }
};
