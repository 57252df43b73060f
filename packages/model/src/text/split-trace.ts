/** A prompt and what a model wrote, as a trace: token ids, spans, and the text of thinking and response. */
import type { Checkpoint } from "../checkpoint.ts";
import { withoutClose } from "./marker-scan.ts";
import { reasoningOf } from "./render-prompt.ts";
import { findSpans, type Range, type SpanFormat, type TraceState, traceState } from "./spans.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** One trace as text and tokens; token ranges are half-open over `ids`. */
export interface WrittenTrace {
  readonly ids: ReadonlyArray<number>;
  readonly tokens: ReadonlyArray<string>;
  readonly thinking: string;
  readonly response: string;
  readonly thinkingStart: number;
  readonly thinkingEnd: number;
  /** undefined when the close marker never came. */
  readonly responseStart: number | undefined;
  readonly state: TraceState;
  readonly finish: "stop" | "length";
}

/** Prompt and continuation as a trace; `format` defaults to what the checkpoint's chat template shows. */
export const splitTrace = (
  checkpoint: Pick<Checkpoint, "template" | "tokenizer">,
  prompt: ReadonlyArray<number>,
  row: { readonly ids: ReadonlyArray<number>; readonly finish: "stop" | "length" },
  format: SpanFormat = reasoningOf(checkpoint),
): WrittenTrace => {
  const { tokenizer } = checkpoint;
  const ids = [...prompt, ...row.ids];
  const tokens = tokenizer.pieces(ids);
  const { thinkingStart, thinkingEnd, responseStart, text } = findSpans(tokens, prompt.length, format);
  return {
    ids,
    tokens,
    thinking: textOf(tokenizer, ids, tokens, text.thinking, thinkingStart, thinkingEnd),
    response:
      responseStart === undefined || text.response === undefined
        ? ""
        : withoutClose(
            textOf(tokenizer, ids, tokens, text.response, responseStart, ids.length),
            format === "none" ? undefined : format.answerClose,
          ),
    thinkingStart,
    thinkingEnd,
    responseStart,
    state: traceState(responseStart, row.finish),
    finish: row.finish,
  };
};

/**
 * Text of a range of characters without special tokens. Cut by characters, not by tokens: a token that a marker shares with
 * its neighbour gives its part. Where tokens are words they share nothing, and the text has blanks between them.
 */
const textOf = (
  tokenizer: TextTokenizer,
  ids: ReadonlyArray<number>,
  tokens: ReadonlyArray<string>,
  [from, to]: Range,
  first: number,
  end: number,
): string => {
  if (tokenizer.isWordLevel) return tokenizer.decode(ids.slice(first, end)).trim();
  let text = "";
  let at = 0;
  for (const [i, piece] of tokens.entries()) {
    if (at + piece.length > from && at < to && !tokenizer.isSpecial(ids[i] as number))
      text += piece.slice(Math.max(0, from - at), to - at);
    at += piece.length;
  }
  return text.trim();
};
