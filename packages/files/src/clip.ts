/** Messages repeat what they complain about, and that may be of any length. */

/** A text of at most `most` characters; a longer one loses its middle, and says how much. */
export const clip = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const [head, tail] = [Math.ceil((most * 2) / 3), Math.floor(most / 3)];
  const [begin, end] = [text.slice(0, head), text.slice(text.length - tail)];
  return `${begin} … (${(text.length - head - tail).toLocaleString("en")} characters left out) … ${end}`.toWellFormed();
};

/** The most characters that a message of an error has. */
export const MOST_SAID = 4000;

/** The first items of a list, and how many more there are: `a, b, c and 7 more`. */
export const someOf = (items: ReadonlyArray<unknown>, most = 20): string =>
  `${items.slice(0, most).map(String).join(", ")}${items.length > most ? ` and ${(items.length - most).toLocaleString("en")} more` : ""}`;
