/** `text % values`, as Python formats it. */

import { boundedDigits } from "./budget.ts";
import { floatFormat, isNegative } from "./numbers.ts";
import { asciiRepr, repr, str } from "./print.ts";
import { chars, textLength } from "./slices.ts";
import { asText, bounded, Dict, JinjaError, Tuple, typeName, type Value } from "./values.ts";

const FIELD = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([\s\S]?)/gu;

export const percentFormat = (format: string, given: Value): string => {
  const values: readonly Value[] = given instanceof Tuple ? given.items : [given];
  let next = 0;
  let usedNames = false;
  const take = (): Value => {
    const value = values[next];
    next += 1;
    if (value === undefined) throw new JinjaError("not enough arguments for format string");
    return value;
  };
  const size = (text: string | undefined): number | undefined => {
    if (text !== "*") return text === undefined ? undefined : Number(text);
    const value = take();
    if (typeof value !== "bigint") throw new JinjaError("* wants int");
    return Number(value);
  };
  const text = format.replace(
    FIELD,
    (_, name?: string, flags = "", width?: string, precision?: string, type = ""): string => {
      if (type === "%") return "%";
      let wide = size(width);
      const exact = size(precision);
      const left = flags.includes("-") || (wide ?? 0) < 0;
      wide = Math.abs(wide ?? 0);
      if (name !== undefined) {
        if (!(given instanceof Dict)) throw new JinjaError("format requires a mapping");
        usedNames = true;
      }
      const value = name === undefined ? take() : named(given as Dict, name);
      const body = converted(value, type, flags, exact);
      return padded(
        body.sign,
        body.text,
        bounded(Math.max(wide, body.text.length)),
        left,
        body.numeric && flags.includes("0"),
      );
    },
  );
  const leftOver =
    given instanceof Tuple ? next < values.length : next === 0 && !(given instanceof Dict) && !Array.isArray(given);
  if (leftOver && !usedNames) throw new JinjaError("not all arguments converted during string formatting");
  return text;
};

const named = (values: Dict, name: string): Value => {
  const value = values.get(name);
  if (value === undefined) throw new JinjaError(`KeyError: '${name}'`);
  return value;
};

const padded = (sign: string, text: string, width: number, left: boolean, zeros: boolean): string => {
  const missing = Math.max(width - textLength(sign + text), 0);
  if (left) return sign + text + " ".repeat(missing);
  return zeros ? sign + "0".repeat(missing) + text : " ".repeat(missing) + sign + text;
};

interface Converted {
  readonly sign: string;
  readonly text: string;
  readonly numeric: boolean;
}

const converted = (value: Value, type: string, flags: string, precision: number | undefined): Converted => {
  const cut = (text: string): Converted => ({
    sign: "",
    text: precision === undefined ? text : chars(text).slice(0, precision).join(""),
    numeric: false,
  });
  if (type === "s") return cut(str(value));
  if (type === "r") return cut(repr(value));
  if (type === "a") return cut(asciiRepr(value));
  if (type === "c") {
    const text = asText(value);
    if (typeof value === "bigint") return { sign: "", text: String.fromCodePoint(Number(value)), numeric: false };
    if (text === undefined || textLength(text) !== 1) throw new JinjaError("%c requires int or char");
    return { sign: "", text, numeric: false };
  }
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const number = typeof value === "boolean" ? BigInt(value) : value;
  if (typeof number !== "bigint" && typeof number !== "number")
    throw new JinjaError(`%${type} format: a number is required, not ${typeName(value)}`);
  if ("diu".includes(type) && type !== "") return whole(integerOf(number), 10, "", plus, precision);
  if ("oxX".includes(type) && type !== "") {
    if (typeof number !== "bigint") throw new JinjaError(`%${type} format: an integer is required, not float`);
    const prefix = flags.includes("#") ? `0${type}` : "";
    const result = whole(number, type === "o" ? 8 : 16, prefix, plus, precision);
    return type === "X" ? { ...result, text: result.text.toUpperCase(), sign: result.sign.toUpperCase() } : result;
  }
  if (!"eEfFgG".includes(type) || type === "") throw new JinjaError(`unsupported format character '${type}'`);
  const float = Number(number);
  const text = floatFormat(Math.abs(float), type.toLowerCase(), precision, flags.includes("#"));
  return {
    sign: isNegative(float) ? "-" : plus,
    text: type === type.toUpperCase() ? text.toUpperCase() : text,
    numeric: true,
  };
};

const integerOf = (number: bigint | number): bigint => {
  if (typeof number === "bigint") return number;
  if (!Number.isFinite(number)) throw new JinjaError("cannot convert float infinity or NaN to integer");
  return BigInt(Math.trunc(number));
};

const whole = (
  number: bigint,
  radix: number,
  prefix: string,
  plus: string,
  precision: number | undefined,
): Converted => ({
  sign: (number < 0n ? "-" : plus) + prefix,
  text: (number < 0n ? -number : number).toString(radix).padStart(boundedDigits(precision ?? 0), "0"),
  numeric: true,
});
