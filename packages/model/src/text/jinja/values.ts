/**
 * The values a template computes with, as Python has them: integers are `bigint`, floats are `number`, lists are arrays, and
 * what JavaScript lacks (tuples, dictionaries with any key, undefined names, text marked as safe) has a class here.
 */

import { JinjaError, spend, spendEntry, spendItems, step } from "./budget.ts";
import { textLength } from "./text-length.ts";

export { bounded, JinjaError } from "./budget.ts";

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Value[]
  | Tuple
  | Dict
  | Undefined
  | Markup
  | Range
  | View
  | Stream
  | Namespace
  | Func
  | Instance;

/** A name, key or attribute that is not there. Printing it gives nothing, using it is an error. */
export class Undefined {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** Text that `escape` or `safe` marked: adding to it escapes what is added. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Range {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;
  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  get length(): number {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop;
    const step = this.step > 0n ? this.step : -this.step;
    return span <= 0n ? 0 : Number((span + step - 1n) / step);
  }
  items(): Value[] {
    spendItems(this.length);
    return Array.from({ length: this.length }, (_, i) => this.start + BigInt(i) * this.step);
  }
}

/** A dictionary in the order of its keys; 1, 1.0 and true are one key. */
export class Dict {
  readonly #entries = new Map<unknown, readonly [Value, Value]>();
  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }
  set(key: Value, value: Value): void {
    const hashed = hash(key);
    spendEntry();
    this.#entries.set(hashed, [this.#entries.get(hashed)?.[0] ?? key, value]);
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(hash(key))?.[1];
  }
  has(key: Value): boolean {
    return this.#entries.has(hash(key));
  }
  get size(): number {
    return this.#entries.size;
  }
  keys(): Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
  values(): Value[] {
    return [...this.#entries.values()].map(([, value]) => value);
  }
  entries(): Array<readonly [Value, Value]> {
    return [...this.#entries.values()];
  }
}

/** `dict.keys()` and its like. */
export class View {
  readonly kind: "keys" | "values" | "items";
  readonly dict: Dict;
  constructor(kind: View["kind"], dict: Dict) {
    this.kind = kind;
    this.dict = dict;
  }
  items(): Value[] {
    spendItems(this.dict.size * (this.kind === "items" ? 4 : 1));
    if (this.kind === "items") return this.dict.entries().map((entry) => new Tuple(entry));
    return this.kind === "keys" ? this.dict.keys() : this.dict.values();
  }
}

/** What can be walked once, such as the result of `map` and `select`. */
export class Stream {
  readonly source: Iterator<Value>;
  constructor(source: Iterable<Value>) {
    this.source = source[Symbol.iterator]();
  }
  *[Symbol.iterator](): Generator<Value> {
    for (let next = this.source.next(); next.done !== true; next = this.source.next()) {
      step();
      spendItems(1);
      yield next.value;
    }
  }
}

export class Namespace {
  readonly values: Dict;
  constructor(values: Dict) {
    this.values = values;
  }
}

/** The arguments of a call. */
export interface Args {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export class Func {
  readonly name: string;
  readonly call: (args: Args) => Value;
  /** Of a macro: what a template may read of it. */
  readonly attributes: ReadonlyMap<string, Value> | undefined;
  constructor(name: string, call: (args: Args) => Value, attributes?: ReadonlyMap<string, Value>) {
    this.name = name;
    this.call = call;
    this.attributes = attributes;
  }
}

/** An object with attributes of its own: `loop`, a cycler, a group. */
export class Instance {
  readonly name: string;
  readonly attribute: (name: string) => Value | undefined;
  readonly call: ((args: Args) => Value) | undefined;
  /** Its items, where it is a tuple as well, as a group is. */
  readonly items: readonly Value[] | undefined;
  constructor(
    name: string,
    attribute: (name: string) => Value | undefined,
    call?: (args: Args) => Value,
    items?: readonly Value[],
  ) {
    this.name = name;
    this.attribute = attribute;
    this.call = call;
    this.items = items;
  }
}

export const typeName = (value: Value): string => {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  const names: Readonly<Record<string, string>> = { boolean: "bool", bigint: "int", number: "float", string: "str" };
  const primitive = names[typeof value];
  if (primitive !== undefined) return primitive;
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Dict) return "dict";
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof Func) return "function";
  if (value instanceof Instance) return value.name;
  return (value as object).constructor.name.replace("Range", "range").replace("Stream", "generator");
};

/** Uses an undefined value: always an error, with what was missing. */
export const undefinedUsed = (value: Undefined): JinjaError => new JinjaError(value.message);

const hash = (key: Value): unknown => {
  if (typeof key === "string") return `s${key}`;
  if (key instanceof Markup) return `s${key.text}`;
  if (typeof key === "boolean") return key ? "n1" : "n0";
  if (typeof key === "bigint") return `n${key}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `n${key}`;
  if (key instanceof Tuple) {
    const hashed = `t${JSON.stringify(key.items.map((item) => String(hash(item))))}`;
    spend(hashed.length);
    return hashed;
  }
  if (Array.isArray(key) || key instanceof Dict) throw new JinjaError(`unhashable type: '${typeName(key)}'`);
  return key instanceof Undefined ? "undefined" : key;
};

/** A value of JavaScript as Python would have read it from JSON. */
export const toValue = (input: unknown): Value => {
  if (input === undefined || input === null) return null;
  if (typeof input === "number") return Number.isSafeInteger(input) ? BigInt(input) : input;
  if (typeof input === "string" || typeof input === "boolean" || typeof input === "bigint") return input;
  if (Array.isArray(input)) return input.map(toValue);
  if (typeof input === "object") {
    const entries = Object.entries(input).filter(([, value]) => value !== undefined);
    return new Dict(entries.map(([key, value]) => [key, toValue(value)] as const));
  }
  throw new JinjaError(`a ${typeof input} cannot be given to a template`);
};

/** Characters in a value that a caller gives; a number or name counts as one. */
export const charactersOf = (value: Value): number => {
  const text = asText(value);
  if (text !== undefined) return text.length;
  const items = Array.isArray(value) ? value : value instanceof Dict ? value.values() : [];
  return items.reduce<number>((size, item) => size + charactersOf(item), 1);
};

export const truthy = (value: Value): boolean => {
  if (value === null || value === false || value === 0 || value === 0n || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof View) return value.dict.size > 0;
  if (value instanceof Markup) return value.text !== "";
  if (value instanceof Range) return value.length > 0;
  return !(value instanceof Undefined);
};

/** The items of whatever a `for` can walk; a text gives its characters, a dictionary its keys. */
export const iterate = (value: Value): Iterable<Value> => {
  if (Array.isArray(value) || value instanceof Stream) return value;
  const text = asText(value);
  if (text !== undefined) {
    spendItems(text.length);
    return Array.from(text);
  }
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) {
    spendItems(value.size);
    return value.keys();
  }
  if (value instanceof View || value instanceof Range) return value.items();
  if (value instanceof Undefined) return [];
  if (value instanceof Instance && value.items !== undefined) return value.items;
  throw new JinjaError(`'${typeName(value)}' object is not iterable`);
};

/** The length as `len()` gives it; undefined where there is none. */
export const lengthOf = (value: Value): number | undefined => {
  if (value instanceof Stream) return undefined;
  if (Array.isArray(value)) return value.length;
  const text = asText(value);
  if (text !== undefined) return textLength(text);
  if (value instanceof Dict) return value.size;
  if (value instanceof Range) return value.length;
  if (value instanceof View) return value.dict.size;
  const iterable = typeof value === "object" && value !== null && !(value instanceof Instance && !value.items);
  if (!iterable || value instanceof Func || value instanceof Namespace) return undefined;
  return [...iterate(value)].length;
};

/** The text of a value that is text, marked as safe or not. */
export const asText = (value: Value | undefined): string | undefined =>
  typeof value === "string" ? value : value instanceof Markup ? value.text : undefined;
