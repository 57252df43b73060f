/** `strip` and its sides: of what Python takes for white space, or of the characters given. */
import { BLANK } from "./blank.ts";
import { chars as charsOf } from "./slices.ts";

const leading = new RegExp(`^[${BLANK}]+`);
const blank = new RegExp(`[${BLANK}]`);

/** A text without blanks at its end; a pattern would look at each run of blanks again from each of its places. */
export const trimEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && blank.test(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
};

export const strip = (text: string, side: "left" | "right" | "both", chars: string | undefined): string => {
  if (chars === undefined) {
    const rest = side === "right" ? text : text.replace(leading, "");
    return side === "left" ? rest : trimEnd(rest);
  }
  const set = new Set(chars);
  const all = charsOf(text);
  let start = 0;
  let end = all.length;
  if (side !== "right") while (start < end && set.has(all[start] as string)) start += 1;
  if (side !== "left") while (end > start && set.has(all[end - 1] as string)) end -= 1;
  return all.slice(start, end).join("");
};
