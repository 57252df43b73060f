/** JSON that is nested without end takes some sixty times its bytes of memory, where any other takes twenty. */

const MOST_LEVELS = 1000;
/** Shorter texts cannot do harm. */
const LONG = 1 << 16;

/** Throws `SyntaxError` where the text is long and nested deeper than 1,000 levels. What is no JSON is for its parser to say. */
export const checkDepth = (json: string): void => {
  if (json.length < LONG) return;
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === 0x22) {
      for (i++; i < json.length && json.charCodeAt(i) !== 0x22; i++) if (json.charCodeAt(i) === 0x5c) i++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > MOST_LEVELS) throw new SyntaxError(`nested deeper than ${MOST_LEVELS} levels at character ${i}`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
};
