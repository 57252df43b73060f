/** Jinja2's built-in tests. */

import { isLower, isUpper } from "./letters.ts";
import { binary, compare, equal, holds } from "./operators.ts";
import { str } from "./print.ts";
import {
  asText,
  Dict,
  Func,
  Instance,
  iterate,
  JinjaError,
  lengthOf,
  Markup,
  Range,
  Stream,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

type Test = (value: Value, ...given: readonly Value[]) => boolean;

const isNumber = (value: Value): boolean =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";
const comparing =
  (operator: string): Test =>
  (value, other) =>
    holds(operator, value, needed(other));
const needed = (value: Value | undefined): Value => {
  if (value === undefined) throw new JinjaError("the test needs an argument");
  return value;
};
const isIterable: Test = (value) => {
  if (value instanceof Stream || asText(value) !== undefined) return true;
  try {
    iterate(value);
    return true;
  } catch {
    return false;
  }
};
const isSame: Test = (value, other) =>
  value === other || (typeof value === "number" && Number.isNaN(value) && Number.isNaN(other));

export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["odd", (value) => equal(binary("%", value, 2n), 1n)],
  ["even", (value) => equal(binary("%", value, 2n), 0n)],
  ["divisibleby", (value, by) => equal(binary("%", value, needed(by)), 0n)],
  ["defined", (value) => !(value instanceof Undefined)],
  ["undefined", (value) => value instanceof Undefined],
  ["none", (value) => value === null],
  ["boolean", (value) => typeof value === "boolean"],
  ["false", (value) => value === false],
  ["true", (value) => value === true],
  ["integer", (value) => typeof value === "bigint"],
  ["float", (value) => typeof value === "number"],
  ["lower", (value) => isLower(str(value))],
  ["upper", (value) => isUpper(str(value))],
  ["string", (value) => asText(value) !== undefined],
  ["mapping", (value) => value instanceof Dict],
  ["number", isNumber],
  [
    "sequence",
    (value) =>
      value instanceof Undefined ||
      asText(value) !== undefined ||
      Array.isArray(value) ||
      value instanceof Tuple ||
      value instanceof Dict ||
      value instanceof Range ||
      (value instanceof Instance && lengthOf(value) !== undefined),
  ],
  ["iterable", isIterable],
  [
    "callable",
    (value) =>
      value instanceof Func || value instanceof Undefined || (value instanceof Instance && value.call !== undefined),
  ],
  ["sameas", (value, other) => isSame(value, needed(other))],
  ["escaped", (value) => value instanceof Markup],
  ["in", (value, container) => holds("in", value, needed(container))],
  ["==", comparing("==")],
  ["eq", comparing("==")],
  ["equalto", comparing("==")],
  ["!=", comparing("!=")],
  ["ne", comparing("!=")],
  [">", comparing(">")],
  ["gt", comparing(">")],
  ["greaterthan", comparing(">")],
  [">=", comparing(">=")],
  ["ge", comparing(">=")],
  ["<", comparing("<")],
  ["lt", comparing("<")],
  ["lessthan", comparing("<")],
  ["<=", comparing("<=")],
  ["le", comparing("<=")],
]);

/** The order of two values, with texts of any case together unless asked otherwise. */
export const ordered = (a: Value, b: Value, caseSensitive: boolean): number =>
  caseSensitive ? compare(a, b) : compare(folded(a), folded(b));

export const folded = (value: Value): Value => {
  const text = asText(value);
  return text === undefined ? value : text.toLowerCase();
};
