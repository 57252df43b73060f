/**
 * The parts of a trace by token index: prompt, thinking, template region (close marker with the blank tokens around it) and
 * response. One rule for every trace: the marker is searched in the text of the tokens, any number of newlines around it.
 */
export interface Markers {
  readonly open: string;
  readonly close: string;
}
export const THINK_MARKERS: Markers = { open: "<think>", close: "</think>" };

/** Token indices; `responseStart` is undefined when the thinking was never closed. The final position is `responseStart - 1`. */
export interface Spans {
  readonly thinkingStart: number;
  readonly thinkingEnd: number;
  readonly responseStart: number | undefined;
  readonly length: number;
}

const isBlank = (piece: string): boolean => piece.trim() === "";

/**
 * Spans of a sequence given as token texts; the first `promptLength` tokens are the rendered prompt. The open marker may be
 * the end of the prompt or among the first tokens after it; either way thinking starts behind it.
 */
export const findSpans = (
  pieces: ReadonlyArray<string>,
  promptLength: number,
  { open, close }: Markers = THINK_MARKERS,
): Spans => {
  const length = pieces.length;
  const opened = find(pieces, open, promptLength, Math.min(length, promptLength + 8));
  let thinkingStart = opened === undefined ? promptLength : opened.end;
  while (thinkingStart < length && isBlank(pieces[thinkingStart] as string)) thinkingStart++;
  const closed = find(pieces, close, opened?.end ?? promptLength, length);
  if (closed === undefined) return { thinkingStart, thinkingEnd: length, responseStart: undefined, length };
  let thinkingEnd = closed.start;
  while (thinkingEnd > thinkingStart && isBlank(pieces[thinkingEnd - 1] as string)) thinkingEnd--;
  let responseStart = closed.end;
  while (responseStart < length && isBlank(pieces[responseStart] as string)) responseStart++;
  return { thinkingStart: Math.min(thinkingStart, thinkingEnd), thinkingEnd, responseStart, length };
};

/** The first run of tokens between `from` and `to` whose joined text contains `marker`. */
const find = (
  pieces: ReadonlyArray<string>,
  marker: string,
  from: number,
  to: number,
): { start: number; end: number } | undefined => {
  let tail = ""; // text before token i, one character short of a marker
  for (let i = from; i < to; i++) {
    const text = tail + (pieces[i] as string);
    const at = text.indexOf(marker);
    if (at >= 0) {
      let start = i;
      for (let before = tail.length - at; before > 0; before -= (pieces[start] as string).length) start--;
      return { start, end: i + 1 };
    }
    tail = marker.length > 1 ? text.slice(1 - marker.length) : "";
  }
  return undefined;
};
