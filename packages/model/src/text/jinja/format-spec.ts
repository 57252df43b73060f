/** `format(value, spec)` and `text.format(…)`, as Python writes them. */
import { boundedDigits } from "./budget.ts";
import { floatFormat, isNegative, plainFloat } from "./numbers.ts";
import { asciiRepr, repr, str } from "./print.ts";
import { chars, textLength } from "./slices.ts";
import { asText, bounded, JinjaError, typeName, type Value } from "./values.ts";

const SPEC = /^(?:([\s\S])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

export const formatValue = (value: Value, spec: string): string => {
  const found = SPEC.exec(spec);
  if (found === null) throw new JinjaError(`Invalid format specifier '${spec}'`);
  const [, fill, align, sign = "", , alternate, zero, width, comma, digits, type] = found;
  const number = typeof value === "boolean" && spec !== "" ? BigInt(value) : value;
  const precision = digits === undefined ? undefined : Number(digits);
  const room = bounded(Number(width ?? 0));
  if (zero !== undefined && comma !== undefined) boundedDigits(room);
  if (typeof number === "bigint" || typeof number === "number") {
    const zeros = zero !== undefined && align === undefined;
    const body = numeric(number, type, precision, alternate !== undefined, comma);
    const lead = (body.negative ? "-" : sign === "-" ? "" : sign) + body.prefix;
    let text = body.text;
    if (zeros && comma !== undefined) text = zeroGrouped(text, room - lead.length, comma, body.every);
    return pad(
      lead,
      text,
      room,
      zeros ? "0" : (fill ?? (zero === undefined ? " " : "0")),
      zeros ? "=" : (align ?? ">"),
    );
  }
  const text = asText(value);
  if (text === undefined) {
    if (spec !== "") throw new JinjaError(`unsupported format string passed to ${typeName(value)}.__format__`);
    return str(value);
  }
  if ((type !== undefined && type !== "s") || sign !== "" || comma !== undefined || align === "=")
    throw new JinjaError(`Invalid format specifier '${spec}' for object of type 'str'`);
  const cut = precision === undefined ? text : chars(text).slice(0, precision).join("");
  return pad("", cut, room, fill ?? (zero === undefined ? " " : "0"), align ?? "<");
};

interface Body {
  readonly negative: boolean;
  readonly prefix: string;
  readonly text: string;
  /** Digits between two separators. */
  readonly every: number;
}

const numeric = (
  number: bigint | number,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
  comma: string | undefined,
): Body => {
  if (typeof number === "bigint" && (type === undefined || "bcdnoxX".includes(type))) {
    if (precision !== undefined) throw new JinjaError("Precision not allowed in integer format specifier");
    if (type === "c") return { negative: false, prefix: "", text: String.fromCodePoint(Number(number)), every: 3 };
    const radix = { b: 2, o: 8, x: 16, X: 16 }[type ?? "d"] ?? 10;
    if (comma === "," && radix !== 10) throw new JinjaError(`Cannot specify ',' with '${type}'.`);
    const digits = (number < 0n ? -number : number).toString(radix);
    const text = type === "X" ? digits.toUpperCase() : digits;
    const every = radix === 10 ? 3 : 4;
    const prefix = alternate && radix !== 10 ? `0${type}` : "";
    return { negative: number < 0n, prefix, text: separated(text, comma, every), every };
  }
  if (type === "s" || (type !== undefined && "bcdoxX".includes(type)))
    throw new JinjaError(`Unknown format code '${type}' for object of type '${typeName(number)}'`);
  const float = Number(number);
  const kind = type === "n" ? "g" : type?.toLowerCase();
  const size = Math.abs(float);
  const plain = kind === undefined ? plainFloat(size, precision) : floatFormat(size, kind, precision, alternate);
  const text = type !== undefined && "EFG".includes(type) ? plain.toUpperCase() : plain;
  const [whole, rest] = (/^(\d*)(.*)$/.exec(text) as RegExpExecArray).slice(1) as [string, string];
  return { negative: isNegative(float), prefix: "", text: separated(whole, comma, 3) + rest, every: 3 };
};

const separated = (digits: string, comma: string | undefined, every: number): string =>
  comma === undefined ? digits : digits.replace(new RegExp(`(?<=.)(?=(.{${every}})+$)`, "g"), comma);

/** Zeros in front of digits with separators: they are separated too, and none stands first. */
const zeroGrouped = (text: string, room: number, comma: string, every: number): string => {
  const [whole, rest] = (/^([\da-fA-F,_]*)(.*)$/.exec(text) as RegExpExecArray).slice(1) as [string, string];
  const bare = whole.replaceAll(comma, "");
  const groupsOf = (length: number): number => length + Math.ceil(length / every) - 1;
  let length = bare.length;
  while (groupsOf(length) + rest.length < room) length += 1;
  const digits = bare.padStart(length, "0");
  return separated(digits, comma, every) + rest;
};

const pad = (lead: string, text: string, width: number, fill: string, align: string): string => {
  const missing = Math.max(width - textLength(lead + text), 0);
  if (align === "=") return lead + fill.repeat(missing) + text;
  const left = align === "<" ? 0 : align === ">" ? missing : Math.floor(missing / 2);
  return fill.repeat(left) + lead + text + fill.repeat(missing - left);
};

/** How a field of `format` finds values: by place, by name, and inside them. */
export interface Lookup {
  readonly positional: readonly Value[];
  readonly named: (name: string) => Value | undefined;
  readonly attribute: (value: Value, name: string) => Value;
  readonly item: (value: Value, key: Value) => Value;
}

export const formatText = (format: string, lookup: Lookup): string => {
  let next = 0;
  let numbered = false;
  return fields(format, 0);

  function fields(text: string, depth: number): string {
    if (depth > 1) throw new JinjaError("Max string recursion exceeded");
    let out = "";
    for (let at = 0; at < text.length; at += 1) {
      const char = text[at] as string;
      if (char !== "{" && char !== "}") out += char;
      else if (text[at + 1] === char && depth === 0) {
        out += char;
        at += 1;
      } else if (char === "}") throw new JinjaError("Single '}' encountered in format string");
      else {
        const end = closing(text, at);
        out += field(text.slice(at + 1, end), depth);
        at = end;
      }
    }
    return out;
  }

  function field(source: string, depth: number): string {
    const [, path, conversion, spec] = /^((?:\[[^\]]*\]|[^!:[])*)(?:!([^:]*))?(?::([\s\S]*))?$/u.exec(source) ?? [];
    if (path === undefined) throw new JinjaError(`the field {${source}} is not understood`);
    const value = walk(path);
    const shown =
      conversion === undefined ? value : (CONVERSIONS.get(conversion)?.(value) ?? unknownConversion(conversion));
    return formatValue(shown, spec === undefined ? "" : fields(spec, depth + 1));
  }

  function walk(path: string): Value {
    const [first = "", rest = ""] = /^([^.[]*)([\s\S]*)$/u.exec(path)?.slice(1) ?? [];
    let value: Value | undefined;
    if (first === "") {
      if (numbered) throw new JinjaError("cannot switch from manual field specification to automatic field numbering");
      value = lookup.positional[next];
      next += 1;
    } else {
      if (/^\d+$/.test(first)) numbered = true;
      if (numbered && next > 0)
        throw new JinjaError("cannot switch from automatic field numbering to manual field specification");
      value = /^\d+$/.test(first) ? lookup.positional[Number(first)] : lookup.named(first);
    }
    if (value === undefined) throw new JinjaError(`nothing was given for the field {${path}}`);
    for (const [, name, key] of rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]/gu)) {
      if (name !== undefined) value = lookup.attribute(value, name);
      else value = lookup.item(value, /^\d+$/.test(key as string) ? BigInt(key as string) : (key as string));
    }
    return value;
  }
};

const CONVERSIONS: ReadonlyMap<string, (value: Value) => string> = new Map([
  ["r", repr],
  ["s", str],
  ["a", asciiRepr],
]);

const unknownConversion = (conversion: string): never => {
  throw new JinjaError(`Unknown conversion specifier '${conversion}'`);
};

const closing = (text: string, start: number): number => {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new JinjaError("expected '}' before end of string");
};
