/** Attributes and items of values, by the rules of Jinja2's immutable sandbox: what would change a value is not there. */

import { spend, spendItems } from "./budget.ts";
import { formatText } from "./format-spec.ts";
import { equal, numberOf } from "./operators.ts";
import { func, intArg } from "./signature.ts";
import { at, type Bounds, chars, slice } from "./slices.ts";
import { stringMethod } from "./string-methods.ts";
import {
  asText,
  Dict,
  Func,
  Instance,
  iterate,
  JinjaError,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  undefinedUsed,
  type Value,
  View,
} from "./values.ts";

const UNSAFE: Readonly<Record<string, ReadonlySet<string>>> = {
  list: new Set(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]),
  dict: new Set(["clear", "pop", "popitem", "setdefault", "update"]),
};

const missing = (object: Value, what: string): Undefined =>
  new Undefined(`'${typeName(object)} object' has no attribute '${what}'`);

/** `object.name`: a method or field, else the item of that name. */
export const getAttribute = (object: Value, name: string): Value => {
  if (object instanceof Undefined) throw undefinedUsed(object);
  const unsafe = UNSAFE[typeName(object)]?.has(name) || name.startsWith("__");
  const own = unsafe ? undefined : field(object, name);
  if (own !== undefined) return own;
  if (!unsafe && object instanceof Dict && object.has(name)) return object.get(name) as Value;
  if (object instanceof Dict && name.startsWith("__") && object.has(name)) return object.get(name) as Value;
  if (unsafe) return new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe.`);
  return missing(object, name);
};

/** `object[key]`: the item, else the method or field of that name. */
export const getItem = (object: Value, key: Value): Value => {
  if (object instanceof Undefined) throw undefinedUsed(object);
  const item = own(object, key);
  if (item !== undefined) return item;
  const name = asText(key);
  if (name === undefined) return new Undefined(`'${typeName(object)} object' has no element ${String(numberOf(key))}`);
  if (object instanceof Dict && field(object, name) === undefined) return missing(object, name);
  return object instanceof Dict ? (field(object, name) as Value) : getAttribute(object, name);
};

const own = (object: Value, key: Value): Value | undefined => {
  if (object instanceof Dict) return Array.isArray(key) || key instanceof Dict ? undefined : object.get(key);
  const place = numberOf(key);
  if (typeof place !== "bigint") return undefined;
  const text = asText(object);
  if (text !== undefined) return at(chars(text), place);
  const items = sequence(object);
  return items === undefined ? undefined : at(items, place);
};

const sequence = (object: Value): readonly Value[] | undefined => {
  if (Array.isArray(object)) return object;
  if (object instanceof Tuple || object instanceof Instance) return object.items;
  return object instanceof Range ? object.items() : undefined;
};

/** `object[start:stop:step]`. */
export const getSlice = (object: Value, parts: ReadonlyArray<Value | undefined>): Value => {
  if (object instanceof Undefined) throw undefinedUsed(object);
  const [start, stop, step] = parts.map((part) => (part === undefined || part === null ? undefined : intArg(part, 0)));
  const bounds: Bounds = { start, stop, step };
  const text = asText(object);
  if (text !== undefined) {
    const cut = slice(chars(text), bounds).join("");
    spend(cut.length);
    return object instanceof Markup ? new Markup(cut) : cut;
  }
  const items = sequence(object);
  if (items === undefined) return new Undefined(`'${typeName(object)} object' has no slices`);
  const cut = slice(items, bounds);
  spendItems(cut.length);
  if (object instanceof Range) {
    const by = object.step * BigInt(step ?? 1);
    const first = (cut[0] as bigint | undefined) ?? object.start;
    return new Range(first, first + by * BigInt(cut.length), by);
  }
  return Array.isArray(object) ? cut : new Tuple(cut);
};

const field = (object: Value, name: string): Value | undefined => {
  const text = asText(object);
  if (text !== undefined) return textField(text, name);
  if (object instanceof Dict) return dictMethod(object, name);
  if (object instanceof Namespace) return object.values.get(name);
  if (object instanceof Func) return object.attributes?.get(name);
  if (object instanceof Instance) return object.attribute(name) ?? sequenceMethod(object.items, name);
  if (object instanceof Range && (name === "start" || name === "stop" || name === "step")) return object[name];
  if (object instanceof View || object === null) return undefined;
  const items = sequence(object);
  if (items !== undefined) return listMethod(object, items, name);
  return numberField(object, name);
};

const textField = (text: string, name: string): Value | undefined => {
  if (name === "format" || name === "format_map")
    return new Func(name, ({ positional, named }) => {
      const map = positional[0];
      return formatText(text, {
        positional: name === "format" ? positional : [],
        named: (key) => (name === "format" ? named.get(key) : map instanceof Dict ? map.get(key) : undefined),
        attribute: getAttribute,
        item: getItem,
      });
    });
  if (name === "encode") throw new JinjaError("str.encode is not supported: templates have no bytes here");
  const method = stringMethod(text, name);
  return method === undefined ? undefined : new Func(name, method);
};

/** The value, which may be None, or what stands in where there is none. */
const or = (value: Value | undefined, fallback: Value): Value => (value === undefined ? fallback : value);

const dictMethod = (dict: Dict, name: string): Value | undefined => {
  switch (name) {
    case "get":
      return func("get", ["key", "default?"], (key, fallback = null) => or(dict.get(key as Value), fallback));
    case "items":
    case "keys":
    case "values":
      return func(name, [], () => new View(name, dict));
    case "copy":
      return func("copy", [], () => new Dict(dict.entries()));
    case "fromkeys":
      return func(
        "fromkeys",
        ["iterable", "value?"],
        (keys, value) => new Dict(Array.from(iterate(keys as Value), (key) => [key, value ?? null] as const)),
      );
    default:
      return undefined;
  }
};

const listMethod = (object: Value, items: readonly Value[], name: string): Value | undefined =>
  name === "copy" && Array.isArray(object) ? func("copy", [], () => [...items]) : sequenceMethod(items, name);

const sequenceMethod = (items: readonly Value[] | undefined, name: string): Value | undefined => {
  if (items === undefined) return undefined;
  if (name === "count")
    return func("count", ["value"], (value) => BigInt(items.filter((item) => equal(item, value as Value)).length));
  if (name !== "index") return undefined;
  return func("index", ["value", "start?", "stop?"], (value, start, stop) => {
    const clamp = (place: number): number => Math.max(place < 0 ? place + items.length : place, 0);
    const last = clamp(intArg(stop, items.length));
    const found = items.findIndex(
      (item, place) => place >= clamp(intArg(start, 0)) && place < last && equal(item, value as Value),
    );
    if (found < 0) throw new JinjaError("the value is not in the list");
    return BigInt(found);
  });
};

const numberField = (object: Value, name: string): Value | undefined => {
  const number = numberOf(object);
  if (number === undefined) return undefined;
  if (name === "real") return number;
  if (name === "imag") return typeof number === "bigint" ? 0n : 0;
  if (name === "is_integer") return func(name, [], () => typeof number === "bigint" || Number.isInteger(number));
  if (typeof number !== "bigint") return undefined;
  if (name === "numerator") return number;
  if (name === "denominator") return 1n;
  const bits = (number < 0n ? -number : number).toString(2);
  if (name === "bit_length") return func(name, [], () => (number === 0n ? 0n : BigInt(bits.length)));
  if (name === "bit_count") return func(name, [], () => BigInt(bits.replaceAll("0", "").length));
  return undefined;
};
