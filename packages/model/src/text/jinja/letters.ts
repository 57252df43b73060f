/** Letters and their cases by Unicode, where JavaScript's own functions differ from Python's. */
import { chars } from "./slices.ts";

const TITLE: Readonly<Record<string, string>> = {
  Ǆ: "ǅ",
  ǅ: "ǅ",
  ǆ: "ǅ",
  Ǉ: "ǈ",
  ǈ: "ǈ",
  ǉ: "ǈ",
  Ǌ: "ǋ",
  ǋ: "ǋ",
  ǌ: "ǋ",
  Ǳ: "ǲ",
  ǲ: "ǲ",
  ǳ: "ǲ",
  ŉ: "ʼN",
};

/** One character in title case: `ß` gives `Ss`, the digraphs their own form, Georgian letters themselves. */
export const titled = (char: string): string => {
  const own = TITLE[char];
  if (own !== undefined) return own;
  if (/\p{Lt}/u.test(char) || /[\u10d0-\u10fa\u10fd-\u10ff]/.test(char)) return char;
  const upper = char.toUpperCase();
  const [first = "", ...rest] = Array.from(upper);
  if (rest.length === 0) return upper;
  const iota = /^[\u1f80-\u1fff]$/.test(char) && rest.at(-1) === "Ι" ? greekTitle(char) : undefined;
  if (iota !== undefined) return iota;
  const below = /[\u1f80-\u1fff]/.test(char) && rest.at(-1) === "Ι" ? [...rest.slice(0, -1), "\u0345"] : rest;
  return first + below.join("").toLowerCase();
};

/** Greek letters with iota below have a title form of one letter, whose lower case they are. */
const greekTitle = (char: string): string | undefined => {
  const code = char.codePointAt(0) as number;
  const candidates = [code, code + 8, code + 9].map((at) => String.fromCodePoint(at));
  return candidates.find((at) => /\p{Lt}/u.test(at) && at.toLowerCase() === char);
};

const KEPT = /[\u0131\u13a0-\u13f5]/;
const UPPER = /[\uab70-\uabbf\u13f8-\u13fd]/;

export const casefolded = (text: string): string =>
  chars(text)
    .map((char) => {
      if (KEPT.test(char)) return char;
      if (UPPER.test(char)) return char.toUpperCase();
      return char === "ẞ" ? "ss" : char.toUpperCase().toLowerCase().replace("ς", "σ");
    })
    .join("");

export const capitalized = (text: string): string => {
  const [first] = text;
  if (first === undefined) return "";
  const letter = String.fromCodePoint(text.codePointAt(0) as number);
  return titled(letter) + lowerFrom(text, letter.length);
};

/** The rest of a text in lower case, with what stands before it in view: a final sigma looks back. */
const lowerFrom = (text: string, start: number): string => {
  const head = text.slice(0, start);
  return text.toLowerCase().slice(head.toLowerCase().length);
};

export const titleCased = (text: string): string => {
  let inside = false;
  let at = 0;
  let out = "";
  for (const char of text) {
    out += inside ? lowerAt(text, at, char) : titled(char);
    inside = /\p{Cased}/u.test(char);
    at += char.length;
  }
  return out;
};

/** A sigma at the end of a word has a form of its own. */
const lowerAt = (text: string, at: number, char: string): string => {
  if (char !== "Σ") return char.toLowerCase();
  const before = /\p{Cased}\p{Case_Ignorable}*$/u.test(text.slice(0, at));
  return before && !/^\p{Case_Ignorable}*\p{Cased}/u.test(text.slice(at + 1)) ? "ς" : "σ";
};

export const swapCased = (text: string): string =>
  chars(text)
    .map((char) => {
      if (/\p{Uppercase}/u.test(char)) return char.toLowerCase();
      return /\p{Lowercase}/u.test(char) ? char.toUpperCase() : char;
    })
    .join("");

const every = (pattern: RegExp) => (text: string) => text !== "" && pattern.test(text);
const DIGIT =
  "\\p{Nd}\\u00b2\\u00b3\\u00b9\\u1369-\\u1371\\u19da\\u2070\\u2074-\\u2079\\u2080-\\u2089\\u2460-\\u2468\\u2474-\\u247c\\u2488-\\u2490\\u24ea\\u24f5-\\u24fd\\u24ff\\u2776-\\u277e\\u2780-\\u2788\\u278a-\\u2792\\u{10a40}-\\u{10a43}\\u{10e60}-\\u{10e68}\\u{11052}-\\u{1105a}\\u{1f100}-\\u{1f10a}";
const NUMERIC =
  "\\p{N}㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳貶贰陆陌陸零";

export const isDecimal = every(/^\p{Nd}+$/u);
export const isDigit = every(new RegExp(`^[${DIGIT}]+$`, "u"));
export const isNumeric = every(new RegExp(`^[${NUMERIC}]+$`, "u"));
export const isAlpha = every(/^\p{L}+$/u);
export const isAlnum = every(new RegExp(`^[\\p{L}${NUMERIC}${DIGIT}]+$`, "u"));
export const isIdentifier = every(/^[\p{XID_Start}_]\p{XID_Continue}*$/u);
export const isLower = (text: string): boolean => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
export const isUpper = (text: string): boolean => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);

export const isTitle = (text: string): boolean => {
  let inside = false;
  let seen = false;
  for (const char of text) {
    const upper = /[\p{Uppercase}\p{Lt}]/u.test(char);
    const lower = /\p{Lowercase}/u.test(char);
    if ((upper && inside) || (lower && !inside)) return false;
    inside = upper || lower;
    seen ||= inside;
  }
  return seen;
};
