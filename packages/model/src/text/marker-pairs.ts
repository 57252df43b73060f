/** The markers around a model's thinking: pairs in common use, and how a close marker is spelled for an open one. */
import { KNOWN_FORMATS } from "./known-formats.ts";

export interface Markers {
  readonly open: string;
  readonly close: string;
}

/** The most common first. */
export const KNOWN_MARKERS: ReadonlyArray<Markers> = [
  ...new Map(Object.values(KNOWN_FORMATS).map(({ open, close }) => [`${open} ${close}`, { open, close }])).values(),
];

/** Something that looks like a marker: `<x>`, `<|x|>`, `[X]`, `◁x▷`. */
const MARKER = /<[^<>\s]+>|\[[^[\]\s]+\]|◁[^◁▷\s]+▷/g;

/** All markers in a text, in order. */
export const markersIn = (text: string): ReadonlyArray<{ readonly marker: string; readonly at: number }> =>
  [...text.matchAll(MARKER)].map((found) => ({ marker: found[0], at: found.index }));

/** Markers of turns and roles (`<|im_start|>`) have partners as well: only these words speak of thinking. */
const aboutThinking = /think|thought|reason/i;

/** Do the two delimit thinking: a known pair, or two spellings of one word about thinking (`<x>` and `</x>`, START and END)? */
export const isPair = (open: string, close: string): boolean =>
  KNOWN_MARKERS.some((pair) => pair.open === open && pair.close === close) ||
  (aboutThinking.test(open) && closersOf(open).includes(close));

/** How a close marker may be spelled. */
export const closersOf = (open: string): ReadonlyArray<string> => {
  const known = KNOWN_MARKERS.filter((pair) => pair.open === open).map((pair) => pair.close);
  const slashed = open.replace(/^(<\|?|\[|◁)/, "$1/");
  const swapped = [
    open.replace(/START/, "END"),
    open.replace(/start/, "end"),
    open.replace(/BEGIN/, "END"),
    open.replace(/begin/, "end"),
  ];
  return [...new Set([...known, slashed, ...swapped])].filter((close) => close !== open);
};

/** Is this a marker that opens thinking? */
export const opensThinking = (marker: string): boolean =>
  KNOWN_MARKERS.some((pair) => pair.open === marker) ||
  (aboutThinking.test(marker) && !/^.{1,2}\/|END|end_of/.test(marker));
