/** Operators as Python applies them. */

import { boundedPower, boundedProduct, spend, spendItems } from "./budget.ts";
import { escapeHtml } from "./markup.ts";
import { parseFloatText } from "./numbers.ts";
import { percentFormat } from "./percent-format.ts";
import { str } from "./print.ts";
import { chars } from "./slices.ts";
import {
  asText,
  bounded,
  Dict,
  iterate,
  JinjaError,
  Markup,
  Range,
  Tuple,
  typeName,
  Undefined,
  undefinedUsed,
  type Value,
  View,
} from "./values.ts";

/** A number as JavaScript computes with it: bool as int; undefined for what is no number. */
export const numberOf = (value: Value): bigint | number | undefined => {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
};

export const binary = (operator: string, left: Value, right: Value): Value => {
  const text = asText(left);
  if (operator === "%" && text !== undefined) {
    const formatted = percentFormat(text, right);
    return left instanceof Markup ? new Markup(formatted) : formatted;
  }
  if (left instanceof Undefined) throw undefinedUsed(left);
  if (right instanceof Undefined) throw undefinedUsed(right);
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return arithmetic(operator, a, b);
  if (operator === "+") {
    const other = asText(right);
    if (text !== undefined && other !== undefined) return join(left, right, text, other);
    if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  }
  if (operator === "*") {
    if (typeof b === "bigint") return repeated(left, b, operator, right);
    if (typeof a === "bigint") return repeated(right, a, operator, left);
  }
  throw unsupported(operator, left, right);
};

const unsupported = (operator: string, left: Value, right: Value): JinjaError =>
  new JinjaError(`unsupported operand types for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);

const join = (left: Value, right: Value, text: string, other: string): Value => {
  if (!(left instanceof Markup) && !(right instanceof Markup)) return text + other;
  const safe = (value: Value, plain: string): string => (value instanceof Markup ? plain : escapeHtml(plain));
  return new Markup(safe(left, text) + safe(right, other));
};

const repeated = (value: Value, times: bigint, operator: string, other: Value): Value => {
  const count = times < 0n ? 0 : Number(times);
  const text = asText(value);
  if (text !== undefined) {
    if (text === "") return value;
    bounded(text.length * count);
    return value instanceof Markup ? new Markup(text.repeat(count)) : text.repeat(count);
  }
  const copies = (items: readonly Value[]): Value[] => {
    if (items.length === 0) return [];
    spendItems(items.length * count);
    return Array.from({ length: count }, () => items).flat(1) as Value[];
  };
  if (Array.isArray(value)) return copies(value);
  if (value instanceof Tuple) return new Tuple(copies(value.items));
  throw unsupported(operator, value, other);
};

const arithmetic = (operator: string, a: bigint | number, b: bigint | number): Value => {
  if (operator === "/") {
    if (Number(b) === 0) throw new JinjaError("division by zero");
    return typeof a === "bigint" && typeof b === "bigint" ? quotient(a, b) : Number(a) / Number(b);
  }
  return typeof a === "bigint" && typeof b === "bigint"
    ? integers(operator, a, b)
    : floats(operator, Number(a), Number(b));
};

/** Two integers divided; of large ones the quotient is rounded once. */
const quotient = (a: bigint, b: bigint): number => {
  const small = (value: bigint): boolean => Number.isSafeInteger(Number(value));
  if (small(a) && small(b)) return Number(a) / Number(b);
  const negative = a < 0n !== b < 0n;
  const top = a < 0n ? -a : a;
  const bottom = b < 0n ? -b : b;
  const bits = Math.max(top.toString(2).length, bottom.toString(2).length);
  const shift = BigInt(Math.max(bottom.toString(2).length - top.toString(2).length + 66, 0));
  const whole = (top << shift) / bottom;
  const sticky = (top << shift) % bottom === 0n ? 0n : 1n;
  const result = bits > 2000 ? Number.NaN : Number((whole << 1n) | sticky) / 2 ** (Number(shift) + 1);
  if (Number.isNaN(result)) throw new JinjaError("integer division result too large for a float");
  return negative ? -result : result;
};

const integers = (operator: string, a: bigint, b: bigint): Value => {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      boundedProduct(a, b);
      return a * b;
    case "//":
    case "%": {
      if (b === 0n) throw new JinjaError("integer division or modulo by zero");
      const rest = ((a % b) + b) % b;
      return operator === "%" ? rest : (a - rest) / b;
    }
    case "**":
      if (b < 0n) {
        if (a === 0n) throw new JinjaError("0.0 cannot be raised to a negative power");
        return Number(a) ** Number(b);
      }
      boundedPower(a, b);
      return a ** b;
    default:
      throw new JinjaError(`the operator ${operator} is not supported`);
  }
};

const floats = (operator: string, a: number, b: number): Value => {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "//":
    case "%": {
      if (b === 0) throw new JinjaError("float modulo");
      const rest = a % b;
      const modulo = rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest === 0 ? (b < 0 ? -0 : 0) : rest;
      if (operator === "%") return modulo;
      const whole = (a - modulo) / b;
      const floor = Math.floor(whole);
      return whole === 0 ? (a < 0 !== b < 0 ? -0 : 0) : whole - floor > 0.5 ? floor + 1 : floor;
    }
    case "**": {
      if (a === 0 && b < 0) throw new JinjaError("0.0 cannot be raised to a negative power");
      if (a < 0 && !Number.isInteger(b)) throw new JinjaError("complex numbers are not supported");
      if (a === 1) return 1;
      const power = a ** b;
      if (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b)) throw new JinjaError("Result too large");
      return power;
    }
    default:
      throw new JinjaError(`the operator ${operator} is not supported`);
  }
};

export const unary = (operator: string, value: Value): Value => {
  if (value instanceof Undefined) throw undefinedUsed(value);
  const number = numberOf(value);
  if (number === undefined) throw new JinjaError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  return operator === "-" ? -number : number;
};

export const equal = (a: Value, b: Value): boolean => {
  const left = numberOf(a);
  const right = numberOf(b);
  // biome-ignore lint/suspicious/noDoubleEquals: an integer and a float are equal where their values are
  if (left !== undefined && right !== undefined) return left == right;
  const text = asText(a);
  if (text !== undefined) return text === asText(b);
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items);
  if (a instanceof Dict)
    return (
      b instanceof Dict &&
      a.size === b.size &&
      a.entries().every(([key, value]) => {
        const other = b.get(key);
        return other !== undefined && equal(value, other);
      })
    );
  if (a instanceof View && b instanceof View && a.kind === b.kind && a.kind !== "values")
    return a.dict.size === b.dict.size && a.items().every((item) => b.items().some((other) => equal(item, other)));
  if (a instanceof Range) return b instanceof Range && sameItems(a.items(), b.items());
  return a === b || (a instanceof Undefined && b instanceof Undefined);
};

const sameItems = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i] || equal(item, b[i] as Value));

/** Below zero where a comes first. Throws where the two have no order. */
export const compare = (a: Value, b: Value, operator = "<"): number => {
  if (a instanceof Undefined) throw undefinedUsed(a);
  if (b instanceof Undefined) throw undefinedUsed(b);
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined)
    return left < right ? -1 : left > right ? 1 : left === right ? 0 : odd(left, right);
  const text = asText(a);
  const other = asText(b);
  if (text !== undefined && other !== undefined) return compareText(text, other);
  const items = sequence(a);
  const others = Array.isArray(a) === Array.isArray(b) ? sequence(b) : undefined;
  if (items === undefined || others === undefined)
    throw new JinjaError(`'${operator}' not supported between '${typeName(a)}' and '${typeName(b)}'`);
  for (let at = 0; at < Math.min(items.length, others.length); at += 1) {
    if (!equal(items[at] as Value, others[at] as Value))
      return compare(items[at] as Value, others[at] as Value, operator);
  }
  return items.length - others.length;
};

/** Neither below nor above: equal across types, or not a number. */
const odd = (a: bigint | number, b: bigint | number): number =>
  Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? Number.NaN : 0;

const sequence = (value: Value): readonly Value[] | undefined =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;

/** By code points, as Python orders text. */
const compareText = (a: string, b: string): number => {
  if (a === b) return 0;
  const left = chars(a);
  const right = chars(b);
  const at = left.findIndex((char, i) => char !== right[i]);
  if (at < 0) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? -1) - (right[at]?.codePointAt(0) ?? -1);
};

export const contains = (container: Value, item: Value): boolean => {
  const text = asText(container);
  if (text !== undefined) {
    const part = asText(item);
    if (part === undefined) {
      if (item instanceof Undefined) throw undefinedUsed(item);
      throw new JinjaError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    return text.includes(part);
  }
  if (container instanceof Dict) return container.has(item);
  for (const candidate of iterate(container)) if (candidate === item || equal(candidate, item)) return true;
  return false;
};

/** One step of a comparison chain. */
export const holds = (operator: string, left: Value, right: Value): boolean => {
  switch (operator) {
    case "==":
      return equal(left, right);
    case "!=":
      return !equal(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "<":
      return compare(left, right, operator) < 0;
    case "<=":
      return compare(left, right, operator) <= 0;
    case ">":
      return compare(left, right, operator) > 0;
    default:
      return compare(left, right, operator) >= 0;
  }
};

/** `int(value)` of a number or text; undefined where Python raises. */
export const toFloat = (value: Value): number | undefined => {
  const number = numberOf(value);
  if (number !== undefined) return Number(number);
  const text = asText(value);
  return text === undefined ? undefined : parseFloatText(text);
};

/** The texts of values put together with `~`. */
export const concat = (values: readonly Value[]): string => {
  const texts = values.map(str);
  spend(texts.reduce((size, text) => size + text.length, 0));
  return texts.join("");
};
