/** Where the thinking stands at the end of a prompt. What a prompt says of markers elsewhere opens and closes nothing. */
import { type Markers, markersIn } from "./marker-pairs.ts";

export interface ThinkingState {
  /** The prompt ends inside the thinking, or behind it: the model does not write the open marker. */
  readonly opened: boolean;
  readonly closed: boolean;
}

type StateMarkers = Markers & { readonly tail?: string | undefined };

/** By the last text of the prompt, blanks aside: an open marker, or a close marker (with or without an open one before it). */
export const promptState = (prompt: string, { open, close, tail = "" }: StateMarkers): ThinkingState => {
  const end = prompt.trimEnd();
  if (end.endsWith(open.trimEnd())) return { opened: true, closed: false };
  const closed = [close.trimEnd(), tail.trim()].some(
    (last, i) => last !== "" && end.endsWith(last) && (i === 0 || end.slice(0, -last.length).trimEnd().endsWith(close)),
  );
  return { opened: closed, closed };
};

/**
 * What a template writes for the model to go on from. Where the prompt without it is the same text up to there, it is known
 * exactly, and thinking that it opens may be begun in it (`<think>\nOkay,`); else it is what stands behind the user's words, with
 * whatever instruction the template puts there.
 */
export const generationPrompt = (prompt: string, without: string | undefined, behindUser: number) => {
  const own = without !== undefined && prompt.startsWith(without) ? prompt.slice(without.length) : "";
  if (own.trim() === "") {
    const text = prompt.slice(behindUser);
    return { text, state: (markers: StateMarkers) => promptState(text, markers) };
  }
  const begun = ({ open, close }: StateMarkers): boolean => {
    const at = own.lastIndexOf(open);
    const thought = own.slice(at + open.length);
    return at >= 0 && !thought.includes(close) && markersIn(thought).length === 0;
  };
  return {
    text: own,
    state: (markers: StateMarkers): ThinkingState => {
      const shown = promptState(own, markers);
      return !shown.opened && begun(markers) ? { opened: true, closed: false } : shown;
    },
  };
};
