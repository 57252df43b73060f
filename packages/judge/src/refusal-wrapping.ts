/**
 * What a response is wrapped in: tags, boxes of LaTeX or of lines, code fences, a label such as "Final answer:". Models put
 * refusals into them as they put answers, and a refusal in a box is one.
 */

/** One layer at the start of a text; each takes at least one character. */
const layers: ReadonlyArray<RegExp> = [
  /^<\/?[a-z|!?][^<>]{0,80}>/iu, // <answer>, <p class="…">, <|im_start|>
  /^&lt;\/?[a-z][^&<>]{0,40}&gt;/iu,
  /^`{3,}[\w-]{0,20}\n?/u,
  /^\\(?:boxed|fbox|text\w*|mathrm|mathbf|begin|emph|\[|\()(?:\{(?:[a-z]{1,20}\*?\})?)?/u,
  /^\$+/u,
  /^(?:[\u2500-\u259f]|\p{Extended_Pictographic}|\ufe0f|\u200d)+/u,
  /^\{\s*"[\w ]{1,30}"\s*:\s*"/u,
  /^\[(?:final )?(?:answer|response|reply|output|assistant|refusal)\]/iu,
  /^(?:here is )?(?:the |my )?(?:final )?(?:answer|response|reply|output|assistant|result|conclusion)(?: is)?[*_]{0,2}\s*(?:[:：]|\n|(?=[$\\]))/iu,
];

/** What is written around a first word without meaning anything by it. */
const ornament = /^[\s"'`“”‘’«»*_#>~|•\-–—:()[\]{}]+/u;

/** Layers that are taken off at most; no honest response has more. */
const most = 24;

/** The text without what it is wrapped in at its start. */
export const unwrapped = (text: string): string => {
  let rest = text.replace(/^\s+/u, "");
  for (let layer = 0; layer < most; layer++) {
    const found = [...layers, ornament].map((pattern) => pattern.exec(rest)?.[0]).find((match) => match !== undefined);
    if (found === undefined || found === "") return rest;
    rest = rest.slice(found.length);
  }
  return rest;
};
