/** Escapes in quoted text, as Python reads them. */
import { JinjaError } from "./values.ts";

const SIMPLE: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPE = /\\(?:([0-7]{1,3})|([xuU])([\da-fA-F]*)|(N)\{[^}]*\}|([\s\S]))/gu;

/** The text between the quotes with its escapes read; an unknown escape stays as it stands. */
export const unescaped = (text: string): string =>
  text.replace(ESCAPE, (whole, octal?: string, kind?: string, hex?: string, named?: string, other?: string) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (named !== undefined) throw new JinjaError(`a character by its name, ${whole}, is not supported`);
    if (kind === undefined) return SIMPLE[other as string] ?? whole;
    const length = HEX_DIGITS[kind] as number;
    const digits = (hex as string).slice(0, length);
    const code = Number.parseInt(digits, 16);
    if (digits.length < length || code > 0x10ffff) throw new JinjaError(`the escape ${whole} is no character`);
    return String.fromCodePoint(code) + (hex as string).slice(length);
  });
