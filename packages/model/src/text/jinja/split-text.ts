/** `split`, `rsplit` and `splitlines`. */
import { BLANK } from "./blank.ts";
import { spendItems } from "./budget.ts";
import { trimEnd } from "./trim.ts";
import { JinjaError, type Value } from "./values.ts";

const blanks = new RegExp(`[${BLANK}]+`);
const words = new RegExp(`[^${BLANK}]+`, "g");
const leading = new RegExp(`^[${BLANK}]+`);

/** The parts between separators, or between runs of white space where there is none; `limit` below zero is no limit. */
export const splitText = (text: string, separator: string | undefined, limit: number, fromRight: boolean): Value[] => {
  if (separator === "") throw new JinjaError("empty separator");
  return separator === undefined ? byBlanks(text, limit, fromRight) : bySeparator(text, separator, limit, fromRight);
};

/** A text cut at every separator; the most parts there can be are counted before. */
export const parts = (text: string, separator: string): string[] => {
  spendItems(text.length / separator.length);
  return text.split(separator);
};

const bySeparator = (text: string, separator: string, limit: number, fromRight: boolean): string[] => {
  if (limit < 0) return parts(text, separator);
  const out: string[] = [];
  let rest = text;
  while (out.length < limit) {
    const at = fromRight ? rest.lastIndexOf(separator) : rest.indexOf(separator);
    if (at < 0) break;
    const after = rest.slice(at + separator.length);
    out.push(fromRight ? after : rest.slice(0, at));
    rest = fromRight ? rest.slice(0, at) : after;
  }
  out.push(rest);
  return fromRight ? out.reverse() : out;
};

const blank = new RegExp(`[${BLANK}]`);
const lastWord = (text: string): string => {
  let start = text.length;
  while (start > 0 && !blank.test(text[start - 1] as string)) start -= 1;
  return text.slice(start);
};

const byBlanks = (text: string, limit: number, fromRight: boolean): string[] => {
  spendItems(text.length / 2);
  if (limit < 0) return text.match(words) ?? [];
  const out: string[] = [];
  let rest = fromRight ? trimEnd(text) : text.replace(leading, "");
  while (rest !== "" && out.length < limit) {
    const [word] = fromRight ? ([lastWord(rest)] as const) : (rest.split(blanks, 1) as [string]);
    out.push(word);
    rest = fromRight ? trimEnd(rest.slice(0, -word.length)) : rest.slice(word.length).replace(leading, "");
  }
  if (rest !== "") out.push(rest);
  return fromRight ? out.reverse() : out;
};

const LINE = /([^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*)(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g;

export const splitKeepingLines = (text: string, keepEnds: boolean): Value[] => {
  spendItems(text.length);
  const out: string[] = [];
  for (const [whole, line] of text.matchAll(LINE)) if (whole !== "") out.push(keepEnds ? whole : (line as string));
  return out;
};
