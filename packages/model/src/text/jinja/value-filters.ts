/** Jinja2's filters of numbers, lists and dictionaries. */
import { getAttribute, getItem } from "./attributes.ts";
import { spendItems } from "./budget.ts";
import { made } from "./made.ts";
import { parseInteger, roundedFloat, roundedInt } from "./numbers.ts";
import { binary, compare, equal, numberOf, toFloat } from "./operators.ts";
import { str } from "./print.ts";
import { intArg, textArg } from "./signature.ts";
import { chars } from "./slices.ts";
import { joinTexts } from "./string-methods.ts";
import { folded, ordered, TESTS } from "./tests.ts";
import { type Filter, filter, TEXT_FILTERS } from "./text-filters.ts";
import {
  type Args,
  asText,
  Dict,
  Func,
  Instance,
  iterate,
  JinjaError,
  lengthOf,
  Stream,
  Tuple,
  truthy,
  typeName,
  Undefined,
  undefinedUsed,
  type Value,
  View,
} from "./values.ts";

const flag = (value: Value | undefined): boolean => value !== undefined && truthy(value);

/** Follows a path such as `a.b.0`, or gives the value itself where there is no path. */
const path = (attribute: Value | undefined, fallback?: Value): ((item: Value) => Value) => {
  if (attribute === undefined || attribute === null) return (item) => item;
  const text = asText(attribute);
  const parts: readonly Value[] =
    text === undefined ? [attribute] : text.split(".").map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
  return (item) =>
    parts.reduce<Value>((value, part) => {
      const found = getItem(value, part);
      return found instanceof Undefined && fallback !== undefined && fallback !== null ? fallback : found;
    }, item);
};

const length = (value: Value): Value => {
  const size = lengthOf(value);
  if (size === undefined) throw new JinjaError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(size);
};

const toInteger = (value: Value, fallback: Value = 0n, base?: Value): Value => {
  if (value instanceof Undefined) throw undefinedUsed(value);
  const text = asText(value);
  const whole = text === undefined ? undefined : parseInteger(text, intArg(base, 10));
  if (whole !== undefined) return whole;
  if (typeof value === "bigint") return value;
  const float = toFloat(value);
  if (typeof value === "number" && !Number.isNaN(value) && !Number.isFinite(value))
    throw new JinjaError("cannot convert float infinity to integer");
  return float === undefined || !Number.isFinite(float) ? fallback : BigInt(Math.trunc(float));
};

const round = (value: Value, digits?: Value, how?: Value): Value => {
  if (value instanceof Undefined) throw undefinedUsed(value);
  const method = how === undefined ? "common" : textArg(how, "the method of round");
  const number = numberOf(value);
  if (number === undefined) throw new JinjaError(`type ${typeName(value)} doesn't define __round__ method`);
  const places = intArg(digits, 0);
  if (method === "common")
    return typeof number === "bigint" ? roundedInt(number, places) : roundedFloat(number, places);
  if (method !== "ceil" && method !== "floor") throw new JinjaError("round: method must be common, ceil or floor");
  const unit = 10 ** places;
  return Math[method](Number(number) * unit) / unit;
};

const groupBy = (value: Value, attribute?: Value, fallback?: Value, sensitive?: Value): Value => {
  const key = path(attribute, fallback);
  const compared = (item: Value): Value => (flag(sensitive) ? key(item) : folded(key(item)));
  const items = Array.from(iterate(value)).sort((a, b) => compare(compared(a), compared(b)));
  const groups: Value[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last !== undefined && equal(compared(last[0] as Value), compared(item))) last.push(item);
    else groups.push([item]);
  }
  return groups.map((list) => {
    const grouper = key(list[0] as Value);
    const fields: Readonly<Record<string, Value>> = { grouper, list };
    return new Instance("tuple", (name) => fields[name], undefined, [grouper, list]);
  });
};

const sort = (value: Value, reverse?: Value, sensitive?: Value, attribute?: Value): Value => {
  const text = attribute === undefined ? undefined : asText(attribute);
  const paths = text === undefined ? [path(attribute)] : text.split(",").map((part) => path(part));
  const sign = flag(reverse) ? -1 : 1;
  return Array.from(iterate(value)).sort((a, b) => {
    for (const key of paths) {
      const order = ordered(key(a), key(b), flag(sensitive));
      if (order !== 0) return sign * order;
    }
    return 0;
  });
};

const extreme =
  (sign: 1 | -1) =>
  (value: Value, sensitive?: Value, attribute?: Value): Value => {
    const key = path(attribute);
    let best: Value | undefined;
    for (const item of iterate(value))
      if (best === undefined || sign * ordered(key(item), key(best), flag(sensitive)) < 0) best = item;
    return best === undefined ? new Undefined("No aggregated item, sequence was empty.") : best;
  };

const unique = function* (value: Value, sensitive?: Value, attribute?: Value): Generator<Value> {
  const key = path(attribute);
  const seen = new Dict();
  for (const item of iterate(value)) {
    const mark = flag(sensitive) ? key(item) : folded(key(item));
    if (seen.has(mark)) continue;
    seen.set(mark, null);
    yield item;
  }
};

const dictSort = (value: Value, sensitive?: Value, by?: Value, reverse?: Value): Value => {
  if (!(value instanceof Dict)) throw new JinjaError("dictsort works on a dictionary");
  const name = by === undefined ? "key" : textArg(by, "by");
  if (name !== "key" && name !== "value") throw new JinjaError('You can only sort by either "key" or "value"');
  const at = name === "key" ? 0 : 1;
  const sign = flag(reverse) ? -1 : 1;
  return value
    .entries()
    .sort((a, b) => sign * ordered(a[at], b[at], flag(sensitive)))
    .map((entry) => new Tuple(entry));
};

const slices = function* (value: Value, count?: Value, fill?: Value): Generator<Value> {
  const items = Array.from(iterate(value));
  const parts = intArg(count, 0);
  if (parts === 0) throw new JinjaError("integer division or modulo by zero");
  const each = Math.floor(items.length / parts);
  const extra = items.length % parts;
  let at = 0;
  for (let part = 0; part < parts; part += 1) {
    const size = each + (part < extra ? 1 : 0);
    const slice = items.slice(at, at + size);
    at += size;
    yield fill !== undefined && fill !== null && part >= extra ? [...slice, fill] : slice;
  }
};

const batches = function* (value: Value, count?: Value, fill?: Value): Generator<Value> {
  const size = intArg(count, 0);
  let batch: Value[] = [];
  for (const item of iterate(value)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== undefined && fill !== null) {
    spendItems(Math.max(size - batch.length, 0));
    while (batch.length < size) batch.push(fill);
  }
  yield batch;
};

const map: Filter = (value, { positional, named }) => {
  if (positional.length === 0 && named.has("attribute")) {
    const rest = [...named.keys()].find((name) => name !== "attribute" && name !== "default");
    if (rest !== undefined) throw new JinjaError(`Unexpected keyword argument '${rest}'`);
    const key = path(named.get("attribute"), named.get("default"));
    return lazily(value, (item) => [key(item)]);
  }
  const name = positional[0];
  if (name === undefined) throw new JinjaError("map requires a filter argument");
  const apply = filterNamed(textArg(name, "the filter of map"));
  return lazily(value, (item) => [apply(item, { positional: positional.slice(1), named })]);
};

const lazily = (value: Value, change: (item: Value) => readonly Value[]): Stream =>
  new Stream(
    (function* () {
      if (!truthy(value)) return;
      for (const item of iterate(value)) yield* change(item);
    })(),
  );

const choose =
  (keep: boolean, byAttribute: boolean): Filter =>
  (value, { positional, named }) => {
    const key = byAttribute ? path(needed(positional[0])) : (item: Value) => item;
    const [name, ...given] = positional.slice(byAttribute ? 1 : 0);
    return lazily(value, (item) => {
      const subject = key(item);
      const chosen =
        name === undefined
          ? truthy(subject)
          : applyTest(textArg(name, "the name of a test"), subject, { positional: given, named });
      return chosen === keep ? [item] : [];
    });
  };

const needed = (value: Value | undefined): Value => {
  if (value === undefined) throw new JinjaError("Missing parameter for attribute name");
  return value;
};

const last = (value: Value): Value => {
  if (value instanceof Stream) throw new JinjaError("'generator' object is not reversible");
  const item = Array.from(iterate(value)).at(-1);
  return item === undefined ? new Undefined("No last item, sequence was empty.") : item;
};

const reverse = (value: Value): Value => {
  const text = asText(value);
  if (text !== undefined) return [...chars(text)].reverse().join("");
  if (value instanceof Undefined) return new Stream([]);
  return new Stream(Array.from(iterate(value)).reverse());
};

const sum = (value: Value, attribute?: Value, start?: Value): Value => {
  if (start !== undefined && asText(start) !== undefined) throw new JinjaError("sum() can't sum strings");
  const key = path(attribute);
  let total: Value = start ?? 0n;
  for (const item of iterate(value)) total = made(binary("+", total, key(item)));
  return total;
};

const join = (value: Value, separator?: Value, attribute?: Value): Value => {
  const key = path(attribute);
  const texts = Array.from(iterate(value), (item) => str(key(item)));
  return joinTexts(texts, separator === undefined ? "" : str(separator));
};

const VALUE_FILTERS: Readonly<Record<string, Filter>> = {
  abs: filter("abs", [], (value) => {
    if (value instanceof Undefined) throw undefinedUsed(value);
    const number = numberOf(value);
    if (number === undefined) throw new JinjaError(`bad operand type for abs(): '${typeName(value)}'`);
    return number < 0 || Object.is(number, -0) ? (-number as Value) : number;
  }),
  attr: filter("attr", ["name"], (value, name) => {
    if (value instanceof Undefined) throw undefinedUsed(value);
    const key = textArg(name, "the name of an attribute");
    const found = getAttribute(value, key);
    const isItem = value instanceof Dict && !(found instanceof Func);
    return isItem ? new Undefined(`'dict object' has no attribute '${key}'`) : found;
  }),
  batch: filter("batch", ["linecount", "fill_with?"], (value, count, fill) => new Stream(batches(value, count, fill))),
  count: filter("count", [], length),
  default: filter("default", ["default_value?", "boolean?"], (value, fallback = "", falsy) =>
    value instanceof Undefined || (flag(falsy) && !truthy(value)) ? fallback : value,
  ),
  dictsort: filter("dictsort", ["case_sensitive?", "by?", "reverse?"], dictSort),
  first: filter("first", [], (value) => {
    for (const item of iterate(value)) return item;
    return new Undefined("No first item, sequence was empty.");
  }),
  float: filter("float", ["default?"], (value, fallback = 0) => {
    if (value instanceof Undefined) throw undefinedUsed(value);
    return toFloat(value) ?? fallback;
  }),
  groupby: filter("groupby", ["attribute", "default?", "case_sensitive?"], groupBy),
  int: filter("int", ["default?", "base?"], toInteger),
  items: filter("items", [], (value) => {
    if (value instanceof Undefined) return new Stream([]);
    if (!(value instanceof Dict)) throw new JinjaError("Can only get item pairs from a mapping.");
    return new Stream(new View("items", value).items());
  }),
  join: filter("join", ["d?", "attribute?"], join),
  last: filter("last", [], last),
  length: filter("length", [], length),
  list: filter("list", [], (value) => Array.from(iterate(value))),
  map,
  max: filter("max", ["case_sensitive?", "attribute?"], extreme(-1)),
  min: filter("min", ["case_sensitive?", "attribute?"], extreme(1)),
  reject: choose(false, false),
  rejectattr: choose(false, true),
  reverse: filter("reverse", [], reverse),
  round: filter("round", ["precision?", "method?"], round),
  select: choose(true, false),
  selectattr: choose(true, true),
  slice: filter("slice", ["slices", "fill_with?"], (value, count, fill) => new Stream(slices(value, count, fill))),
  sort: filter("sort", ["reverse?", "case_sensitive?", "attribute?"], sort),
  sum: filter("sum", ["attribute?", "start?"], sum),
  unique: filter(
    "unique",
    ["case_sensitive?", "attribute?"],
    (value, sensitive, attribute) => new Stream(unique(value, sensitive, attribute)),
  ),
};

const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...Object.entries(TEXT_FILTERS),
  ...Object.entries(VALUE_FILTERS),
  ["d", VALUE_FILTERS["default"] as Filter],
]);
/** Filters of Jinja2 that no chat template needs: by chance, by line width, or of links. */
const REFUSED = new Set(["pprint", "random", "urlize", "wordwrap"]);

/** The filter of that name. Throws `JinjaError` where there is none. */
export const filterNamed = (name: string): Filter => {
  const found = FILTERS.get(name);
  if (found !== undefined) return (value, args) => made(found(value, args));
  throw new JinjaError(REFUSED.has(name) ? `the filter "${name}" is not supported` : `No filter named '${name}'.`);
};

/** The test of that name on a value. */
export const applyTest = (name: string, value: Value, { positional, named }: Args): boolean => {
  if (name === "filter" || name === "test") {
    const asked = textArg(value, "the name of a filter or test");
    const known =
      name === "filter"
        ? FILTERS.has(asked) || REFUSED.has(asked)
        : TESTS.has(asked) || asked === "filter" || asked === "test";
    return known;
  }
  const test = TESTS.get(name);
  if (test === undefined) throw new JinjaError(`No test named '${name}'.`);
  return test(value, ...positional, ...named.values());
};
