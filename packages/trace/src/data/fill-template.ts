/** Templates over columns, such as `{instruction}\n{input}`. */

const PLACEHOLDER = /\{([^{}]+)\}/g;

export const isTemplate = (cell: string): boolean => cell.search(PLACEHOLDER) >= 0;

export const namesInTemplate = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map((match) => match[1] as string);

/**
 * The template with each name's value in its place. A line of nothing but placeholders, whose values are all blank, is left out
 * together with its line break and the blank lines before it (at the top: behind it). So an empty `input` leaves no line break.
 */
export const fillTemplate = (template: string, value: (name: string) => string): string => {
  const [first = "", ...more] = template.split(/(\r\n|\n|\r)/);
  const lines = [{ text: first, lineBreak: "" }];
  for (let i = 0; i < more.length; i += 2) lines.push({ text: more[i + 1] ?? "", lineBreak: more[i] ?? "" });
  const filled = lines.map(({ text }) => text.replace(PLACEHOLDER, (_, name: string) => value(name)));
  const isBlank = (i: number) => lines[i]?.text.trim() === "";
  const kept = filled.map((_, i) => i);
  const drop = (i: number) => kept.splice(kept.indexOf(i), 1);
  for (const [i, { text }] of lines.entries()) {
    if (!isTemplate(text) || text.replace(PLACEHOLDER, "").trim() !== "" || filled[i]?.trim() !== "") continue;
    drop(i);
    for (let before = i - 1; kept.includes(before) && isBlank(before); before--) drop(before);
    if (kept.some((one) => one < i)) continue;
    for (let after = i + 1; isBlank(after); after++) drop(after);
  }
  return kept.map((i, at) => (at === 0 ? "" : lines[i]?.lineBreak) + (filled[i] as string)).join("");
};
