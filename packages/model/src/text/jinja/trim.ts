/** `strip` and its sides: of what Python takes for white space, or of the characters given. */
import { BLANK } from "./lexer.ts";

const leading = new RegExp(`^[${BLANK}]+`);
const trailing = new RegExp(`[${BLANK}]+$`);

export const strip = (text: string, side: "left" | "right" | "both", chars: string | undefined): string => {
  if (chars === undefined) {
    const rest = side === "right" ? text : text.replace(leading, "");
    return side === "left" ? rest : rest.replace(trailing, "");
  }
  const set = new Set(chars);
  const all = Array.from(text);
  let start = 0;
  let end = all.length;
  if (side !== "right") while (start < end && set.has(all[start] as string)) start += 1;
  if (side !== "left") while (end > start && set.has(all[end - 1] as string)) end -= 1;
  return all.slice(start, end).join("");
};
