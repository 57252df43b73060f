/** `split`, `rsplit` and `splitlines`. */
import { BLANK } from "./lexer.ts";
import { JinjaError, type Value } from "./values.ts";

const blanks = new RegExp(`[${BLANK}]+`);
const words = new RegExp(`[^${BLANK}]+`, "g");
const leading = new RegExp(`^[${BLANK}]+`);
const trailing = new RegExp(`[${BLANK}]+$`);

/** The parts between separators, or between runs of white space where there is none; `limit` below zero is no limit. */
export const splitText = (text: string, separator: string | undefined, limit: number, fromRight: boolean): Value[] => {
  if (separator === "") throw new JinjaError("empty separator");
  return separator === undefined ? byBlanks(text, limit, fromRight) : bySeparator(text, separator, limit, fromRight);
};

const bySeparator = (text: string, separator: string, limit: number, fromRight: boolean): string[] => {
  if (limit < 0) return text.split(separator);
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

const byBlanks = (text: string, limit: number, fromRight: boolean): string[] => {
  if (limit < 0) return text.match(words) ?? [];
  const out: string[] = [];
  let rest = fromRight ? text.replace(trailing, "") : text.replace(leading, "");
  while (rest !== "" && out.length < limit) {
    const [word] = fromRight
      ? (new RegExp(`[^${BLANK}]+$`).exec(rest) as RegExpExecArray as unknown as [string])
      : (rest.split(blanks, 1) as [string]);
    out.push(word);
    rest = fromRight ? rest.slice(0, -word.length).replace(trailing, "") : rest.slice(word.length).replace(leading, "");
  }
  if (rest !== "") out.push(rest);
  return fromRight ? out.reverse() : out;
};

const LINE = /([^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*)(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g;

export const splitKeepingLines = (text: string, keepEnds: boolean): Value[] => {
  const out: string[] = [];
  for (const [whole, line] of text.matchAll(LINE)) if (whole !== "") out.push(keepEnds ? whole : (line as string));
  return out;
};
