/**
 * SVG text does not wrap or clip by itself, and there is no font to measure with: widths are estimated from the
 * number of characters, and what would be too long is cut with an ellipsis.
 */

/** Mean width of a character of the interface font, as a share of the font size (measured on Latin text). */
const meanAdvance = 0.56;

/** Estimated width of a text in px at 12 px, or at another size. */
export const textWidth = (text: string, fontSize = 12): number => {
  let units = 0;
  for (const character of text) units += (character.codePointAt(0) ?? 0) >= 0x1100 ? 1.05 : meanAdvance;
  return units * fontSize;
};

/** The text, cut with "…" so that it takes at most `width` px. */
export const fit = (text: string, width: number, fontSize = 12): string => {
  if (textWidth(text, fontSize) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, fontSize) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
};
