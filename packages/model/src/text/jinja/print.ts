/** Values as text, as Python's `str` and `repr` write them. */
import { spend, step } from "./budget.ts";
import {
  Dict,
  Func,
  Instance,
  JinjaError,
  Markup,
  Namespace,
  Range,
  Stream,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "./values.ts";

/** A float as `repr` writes it: `1.0`, `1e+20`, `1e-05`, `nan`. */
export const floatText = (value: number): string => {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const digits = mantissa.replace(/[-.]/g, "");
  const sign = value < 0 ? "-" : "";
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  return `${sign}${digits.slice(0, power + 1).padEnd(power + 1, "0")}.${digits.slice(power + 1) || "0"}`;
};

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One character as an escape: `\n`, `\x07`, `\u2028`, `\U000e0001`. */
const escaped = (char: string): string => {
  const code = char.codePointAt(0) as number;
  const hex = code.toString(16);
  if (SHORT[char] !== undefined) return SHORT[char];
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
};

const textRepr = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`).replace(UNPRINTABLE, escaped);
  return `${quote}${body}${quote}`;
};

/** As `ascii()`: `repr` with all beyond ASCII escaped. */
export const asciiRepr = (value: Value): string => repr(value).replace(/[^\x00-\x7f]/gu, escaped);

/** The text of a value; what it is made of is counted on each level. */
export const repr = (value: Value): string => {
  step();
  const text = written(value);
  spend(text.length);
  return text;
};

const written = (value: Value): string => {
  if (typeof value === "string") return textRepr(value);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Tuple) return tupleRepr(value.items);
  if (value instanceof Dict) return dictRepr(value);
  if (value instanceof View) return `dict_${value.kind}([${value.items().map(repr).join(", ")}])`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Markup) return `Markup(${textRepr(value.text)})`;
  if (value instanceof Namespace) return `<Namespace ${dictRepr(value.values)}>`;
  if (value instanceof Range) {
    const step = value.step === 1n ? "" : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof Instance) {
    const shown = value.attribute("__repr__");
    if (typeof shown === "string") return shown;
    if (value.items !== undefined) return tupleRepr(value.items);
  }
  if (value instanceof Func && value.attributes !== undefined)
    return value.attributes.get("name") === null ? "<Macro anonymous>" : `<Macro ${textRepr(value.name)}>`;
  const what = value instanceof Stream ? "the result of a filter such as map or select" : `a ${typeName(value)}`;
  throw new JinjaError(`prints ${what}, whose text is an address in memory: add |list`);
};

const tupleRepr = (items: readonly Value[]): string =>
  items.length === 1 ? `(${repr(items[0] as Value)},)` : `(${items.map(repr).join(", ")})`;

const dictRepr = (dict: Dict): string =>
  `{${dict
    .entries()
    .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
    .join(", ")}}`;

/** The text that `{{ value }}` writes. */
export const str = (value: Value): string => {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : repr(value);
};

/** Whether `repr` would write some of it as an escape. */
export const unprintable = (text: string): boolean => {
  UNPRINTABLE.lastIndex = 0;
  return UNPRINTABLE.test(text);
};
