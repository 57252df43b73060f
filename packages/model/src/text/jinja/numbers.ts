/** Numbers to and from text, rounded exactly and half to even as Python does. */

import { BLANK } from "./blank.ts";
import { boundedDigits } from "./budget.ts";
import { floatText } from "./print.ts";

const power10 = (exponent: number): bigint => 10n ** BigInt(boundedDigits(exponent));

/** |value| · 10^digits, rounded half to even. The value is finite. */
export const scaled = (value: number, digits: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const mantissa = exponent === 0 ? bits : (bits & ((1n << 52n) - 1n)) | (1n << 52n);
  const shift = Math.max(exponent, 1) - 1075;
  const top = mantissa * (shift > 0 ? 1n << BigInt(shift) : 1n) * (digits > 0 ? power10(digits) : 1n);
  const bottom = (shift < 0 ? 1n << BigInt(-shift) : 1n) * (digits < 0 ? power10(-digits) : 1n);
  return roundedQuotient(top, bottom);
};

const roundedQuotient = (top: bigint, bottom: bigint): bigint => {
  const whole = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && whole % 2n === 1n) ? whole + 1n : whole;
};

export const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

const special = (value: number): string | undefined =>
  Number.isNaN(value) ? "nan" : Number.isFinite(value) ? undefined : "inf";

/** |value| with so many decimals. */
export const fixed = (value: number, decimals: number): string => {
  const digits = scaled(value, decimals)
    .toString()
    .padStart(boundedDigits(decimals) + 1, "0");
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};

/** Digits and power of ten of |value| with so many digits behind the point. */
const scientific = (value: number, decimals: number): { readonly digits: string; readonly power: number } => {
  boundedDigits(decimals);
  if (value === 0) return { digits: "0".repeat(decimals + 1), power: 0 };
  let power = Number(value.toExponential().split("e")[1]);
  let digits = scaled(value, decimals - power).toString();
  if (digits.length > decimals + 1) {
    power += 1;
    digits = scaled(value, decimals - power).toString();
  }
  return { digits, power };
};

const withPoint = (digits: string, at: number): string =>
  digits.length > at ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
const powerText = (power: number): string => `e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;

/** |value| in the format `e`, `f`, `g` or `%`; `keepZeros` is the flag `#`. */
export const floatFormat = (value: number, type: string, precision: number | undefined, keepZeros = false): string => {
  const odd = special(value);
  if (odd !== undefined) return type === "%" ? `${odd}%` : odd;
  const decimals = boundedDigits(precision ?? 6);
  const point = keepZeros && decimals === 0 ? "." : "";
  if (type === "%") return `${fixed(value * 100, decimals)}${point}%`;
  if (type === "f") return fixed(value, decimals) + point;
  if (type === "e") {
    const { digits, power } = scientific(value, decimals);
    return withPoint(digits, 1) + point + powerText(power);
  }
  const significant = Math.max(decimals, 1);
  const { digits, power } = scientific(value, significant - 1);
  const trim = (text: string): string =>
    keepZeros || !text.includes(".") ? text : text.replace(/0+$/, "").replace(/\.$/, "");
  if (power < -4 || power >= significant) return trim(withPoint(digits, 1)) + powerText(power);
  return trim(fixed(value, Math.max(significant - 1 - power, 0)));
};

/** A float as `format(value, "")` with a precision, or as `str` without. */
export const plainFloat = (value: number, precision: number | undefined): string => {
  if (precision === undefined) return floatText(Math.abs(value));
  const odd = special(value);
  if (odd !== undefined) return odd;
  const text = floatFormat(value, "g", precision);
  const { power } = scientific(value, Math.max(precision, 1) - 1);
  if (text.includes("e") || text.includes(".")) return text;
  return power >= Math.max(precision, 1) - 1 ? floatFormat(value, "e", Math.max(precision, 1) - 1) : `${text}.0`;
};

/** `round(value, digits)` of a float. */
export const roundedFloat = (value: number, digits: number): number => {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits < -308) return value * 0;
  const text = `${scaled(value, digits)}e${-digits}`;
  return isNegative(value) ? -Number(text) : Number(text);
};

/** `round(value, digits)` of an integer: digits below zero round to tens, hundreds … */
export const roundedInt = (value: bigint, digits: number): bigint => {
  if (digits >= 0) return value;
  const unit = power10(-digits);
  const size = roundedQuotient(value < 0n ? -value : value, unit) * unit;
  return value < 0n ? -size : size;
};

const edges = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g");
/** Digits of any script as ASCII's: each script has ten in a row, and the row before it ends right there or not at all. */
const ascii = (text: string): string =>
  text.replace(edges, "").replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)));

/** The value of a decimal digit of any script. */
export const digitValue = (digit: string): number => {
  const code = digit.codePointAt(0) as number;
  if (code < 0x80) return code - 0x30;
  let run = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - run - 1))) run += 1;
  return run % 10;
};

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** `int(text, base)`; undefined where it is no integer. */
export const parseInteger = (source: string, base: number): bigint | undefined => {
  const found = /^([+-]?)(?:0([box]))?([\da-z]+(?:_[\da-z]+)*)$/i.exec(ascii(source).replace(/^([+-]?0[box])_/i, "$1"));
  if (found === null) return undefined;
  const [, sign, mark, rest] = found as unknown as [string, string, string | undefined, string];
  const marked = mark === undefined ? undefined : { b: 2, o: 8, x: 16 }[mark.toLowerCase()];
  let digits = rest.replaceAll("_", "").toLowerCase();
  let radix = base;
  if (marked !== undefined) {
    if (base !== 0 && base !== marked) {
      if (base <= 10) return undefined;
      digits = `0${mark}${digits}`.toLowerCase();
    } else radix = marked;
  }
  if (radix === 0) {
    if (/^0+[1-9]/.test(digits)) return undefined;
    radix = 10;
  }
  boundedDigits(digits.length);
  let total = 0n;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value >= radix) return undefined;
    total = total * BigInt(radix) + BigInt(value);
  }
  return sign === "-" ? -total : total;
};

/** `float(text)`; undefined where it is no number. */
export const parseFloatText = (source: string): number | undefined => {
  const text = ascii(source).toLowerCase();
  const named = /^([+-]?)(inf|infinity|nan)$/.exec(text);
  if (named !== null) return named[2] === "nan" ? Number.NaN : named[1] === "-" ? -Infinity : Infinity;
  const valid = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/.test(text);
  return valid ? Number(text.replaceAll("_", "")) : undefined;
};
