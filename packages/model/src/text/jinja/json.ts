/** `tojson` of transformers: Python's `json.dumps`, without escaping for HTML. */

import { spend, step } from "./budget.ts";
import { compare } from "./operators.ts";
import { floatText } from "./print.ts";
import { asText, bounded, Dict, Instance, JinjaError, Tuple, typeName, type Value } from "./values.ts";

export interface JsonStyle {
  readonly ascii: boolean;
  /** The text of one step; undefined: all in one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sorted: boolean;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const unit = (char: string): string => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

const counted = (text: string): string => {
  spend(text.length);
  return text;
};

const quoted = (text: string, ascii: boolean): string =>
  counted(`"${text.replace(ascii ? /["\\\x00-\x1f]|[^\x20-\x7e]/g : /["\\\x00-\x1f]/g, unit)}"`);

const number = (value: number): string =>
  Number.isNaN(value) ? "NaN" : Number.isFinite(value) ? floatText(value) : value > 0 ? "Infinity" : "-Infinity";

/** The JSON of a value. Throws `JinjaError` for what JSON has no word for. */
export const toJson = (value: Value, style: JsonStyle, depth = 0): string => {
  const text = asText(value);
  if (text !== undefined) return quoted(text, style.ascii);
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return number(value);
  step();
  if (depth > 900) throw new JinjaError("is nested too deep for JSON");
  const items = Array.isArray(value)
    ? value
    : value instanceof Tuple || value instanceof Instance
      ? value.items
      : undefined;
  if (items !== undefined)
    return around(
      "[",
      "]",
      items.map((item) => toJson(item, style, depth + 1)),
      style,
      depth,
    );
  if (!(value instanceof Dict)) throw new JinjaError(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = style.sorted ? value.entries().sort(([a], [b]) => compare(a, b)) : value.entries();
  const parts = entries.map(
    ([key, item]) => quoted(keyText(key), style.ascii) + style.separators[1] + toJson(item, style, depth + 1),
  );
  return around("{", "}", parts, style, depth);
};

const keyText = (key: Value): string => {
  const text = asText(key);
  if (text !== undefined) return text;
  if (key === null) return "null";
  if (typeof key === "number") return number(key);
  if (typeof key === "boolean" || typeof key === "bigint") return String(key);
  throw new JinjaError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
};

const around = (open: string, close: string, parts: readonly string[], style: JsonStyle, depth: number): string => {
  if (parts.length === 0) return open + close;
  bounded(parts.reduce((size, part) => size + part.length + style.separators[0].length, 0));
  if (style.indent === undefined) return open + parts.join(style.separators[0]) + close;
  bounded(style.indent.length * (depth + 1) * parts.length);
  const outer = `\n${style.indent.repeat(depth)}`;
  const inner = outer + style.indent;
  return open + inner + parts.join(style.separators[0] + inner) + outer + close;
};
