/**
 * The parts of a trace by token index: prompt, thinking, template region (close marker with the blank tokens around it) and
 * response. One rule for every trace: markers are searched in the text of the tokens, so it does not matter how tokens cut
 * them. A token that holds part of a marker belongs to the marker; what else it holds is not lost to the text.
 */
import { markersIn } from "./marker-pairs.ts";
import { scanText } from "./marker-scan.ts";
import type { ReasoningFormat } from "./reasoning-format.ts";

/** What of a format the search needs. */
export type SpanFormat =
  | "none"
  | Pick<ReasoningFormat, "open" | "close" | "opened" | "closed" | "tail" | "answerClose">;

/**
 * Token indices; `responseStart` is undefined when the thinking was never closed. The final position is `responseStart - 1`.
 * A trace without thinking has the prompt's last token for its template region.
 */
export interface Spans {
  readonly thinkingStart: number;
  readonly thinkingEnd: number;
  readonly responseStart: number | undefined;
  readonly length: number;
  /** The same as half-open ranges of characters of the joined pieces, without the blanks around. */
  readonly text: { readonly thinking: Range; readonly response: Range | undefined };
}
export type Range = readonly [from: number, to: number];

/** Spans of a sequence given as token texts; the first `promptLength` tokens are the rendered prompt. */
export const findSpans = (pieces: ReadonlyArray<string>, promptLength: number, format: SpanFormat): Spans => {
  const length = pieces.length;
  const text = pieces.join("");
  const starts = startsOf(pieces);
  const promptEnd = starts[promptLength] as number;
  const isBlank = (token: number) => pieces[token] !== "" && (pieces[token] as string).trim() === "";
  const skipBlanks = (from: number) => {
    let token = from;
    while (token < length && isBlank(token)) token++;
    return token;
  };
  const region = format === "none" ? "answer" : locate(text, promptEnd, format);

  if (region === "answer") {
    const last = Math.max(0, promptLength - 1);
    return {
      thinkingStart: last,
      thinkingEnd: last,
      responseStart: skipBlanks(promptLength),
      length,
      text: { thinking: [promptEnd, promptEnd], response: trimmed(text, promptEnd, text.length) },
    };
  }
  const { from, close } = region;
  const inPrompt = from === promptEnd ? promptLength : tokenAt(starts, from - 1) + 1;
  const thinkingStart = skipBlanks(inPrompt);
  if (close === undefined)
    return {
      thinkingStart,
      thinkingEnd: length,
      responseStart: undefined,
      length,
      text: { thinking: trimmed(text, from, text.length), response: undefined },
    };
  let thinkingEnd = tokenAt(starts, close[0]);
  // a token without text holds the first bytes of a character of the next one
  while (thinkingEnd > thinkingStart && (pieces[thinkingEnd - 1] as string).trim() === "") thinkingEnd--;
  return {
    thinkingStart: Math.min(thinkingStart, thinkingEnd),
    thinkingEnd,
    responseStart: skipBlanks(Math.max(promptLength, tokenAt(starts, close[1] - 1) + 1)),
    length,
    text: {
      thinking: trimmed(text, from, close[0]),
      response: trimmed(text, Math.max(promptEnd, close[1]), text.length),
    },
  };
};

/** Where thinking begins, and the characters of the close marker; or `answer` where nothing was opened or closed. */
const locate = (
  text: string,
  promptEnd: number,
  format: Exclude<SpanFormat, "none">,
): "answer" | { readonly from: number; readonly close: Range | undefined } => {
  if (format.closed) return closedByPrompt(text.slice(0, promptEnd), format) ?? "answer";
  const { phase, from, close } = scanText(text.slice(promptEnd), format);
  if (phase === "answer") return "answer";
  return {
    from: promptEnd + from,
    close: close === undefined ? undefined : [promptEnd + close[0], promptEnd + close[1]],
  };
};

/**
 * The close marker at the end of a prompt, and where the thinking before it begins. Turns of the conversation are no thinking: an
 * open marker that stands before other markers is not the one that was closed.
 */
const closedByPrompt = (prompt: string, { open, close, tail = "" }: Exclude<SpanFormat, "none">) => {
  const at = prompt.lastIndexOf(close);
  if (at < 0 || !["", tail.trim()].includes(prompt.slice(at + close.length).trim())) return undefined;
  const begin = prompt.lastIndexOf(open, at - open.length);
  const isOwn = begin >= 0 && markersIn(prompt.slice(begin + open.length, at)).length === 0;
  const range: Range = [at, at + close.length];
  return { from: isOwn ? begin + open.length : at, close: range };
};

/** Character at which each token starts, and the text's length. */
const startsOf = (pieces: ReadonlyArray<string>): ReadonlyArray<number> => {
  const starts = [0];
  let at = 0;
  for (const piece of pieces) {
    at += piece.length;
    starts.push(at);
  }
  return starts;
};

/** The token that holds a character: the last one that starts at or before it. */
const tokenAt = (starts: ReadonlyArray<number>, character: number): number => {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= character) low = middle;
    else high = middle - 1;
  }
  return low;
};

const trimmed = (text: string, from: number, to: number): Range => {
  const part = text.slice(from, to);
  const start = from + (part.length - part.trimStart().length);
  return [start, Math.max(start, from + part.trimEnd().length)];
};

/** How a trace ended: it answered, its thinking never closed, or its answer was cut by the token limit. */
export type TraceState = "complete" | "unclosed" | "truncated";

export const traceState = (responseStart: number | undefined, finish: "stop" | "length"): TraceState => {
  if (responseStart === undefined) return "unclosed";
  return finish === "length" ? "truncated" : "complete";
};
