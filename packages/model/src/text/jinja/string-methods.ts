/** The methods of `str`. */

import { BLANK } from "./blank.ts";
import {
  capitalized,
  casefolded,
  isAlnum,
  isAlpha,
  isDecimal,
  isDigit,
  isIdentifier,
  isLower,
  isNumeric,
  isTitle,
  isUpper,
  swapCased,
  titleCased,
} from "./letters.ts";
import { str, unprintable } from "./print.ts";
import { bind, type Given, intArg, placeArg, textArg } from "./signature.ts";
import { chars, searched, textLength } from "./slices.ts";
import { parts, splitKeepingLines, splitText } from "./split-text.ts";
import { strip } from "./trim.ts";
import {
  type Args,
  asText,
  bounded,
  Dict,
  iterate,
  JinjaError,
  Tuple,
  truthy,
  typeName,
  type Value,
} from "./values.ts";

type Method = readonly [parameters: readonly string[], run: (text: string, ...given: Given) => Value];

const is = (test: (text: string) => boolean): Method => [[], test];
const map = (change: (text: string) => string): Method => [[], change];
const stripped = (side: "left" | "right" | "both"): Method => [
  ["chars?"],
  (text, chars) => strip(text, side, chars === undefined || chars === null ? undefined : textArg(chars, "strip arg")),
];
const SEARCH = ["sub", "start?", "end?"];

/** The part of a text that a search looks at, and where it begins; undefined where it begins behind the end. */
const window = (
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): readonly [string, number] | undefined => {
  const size = textLength(text);
  const [from, to] = searched(size, placeArg(start, 0), placeArg(end, size));
  if (from > to) return undefined;
  return [size === text.length ? text.slice(from, to) : chars(text).slice(from, to).join(""), from];
};

const find =
  (last: boolean, strict: boolean) =>
  (text: string, sub?: Value, start?: Value, end?: Value): Value => {
    const part = textArg(sub, "the text to find");
    const [where, from] = window(text, start, end) ?? ["", -1];
    const at = from < 0 ? -1 : last ? where.lastIndexOf(part) : where.indexOf(part);
    if (at < 0 && strict) throw new JinjaError("substring not found");
    return at < 0 ? -1n : BigInt(from + textLength(where.slice(0, at)));
  };

const affix =
  (name: "startsWith" | "endsWith") =>
  (text: string, part?: Value, start?: Value, end?: Value): Value => {
    const found = window(text, start, end);
    const given = part instanceof Tuple ? part.items : [part];
    const names = given.map((item) => textArg(item, `${name.toLowerCase()} first arg`));
    return found !== undefined && names.some((item) => found[0][name](item));
  };

const count = (text: string, sub?: Value, start?: Value, end?: Value): Value => {
  const part = textArg(sub, "the text to count");
  const found = window(text, start, end);
  if (found === undefined) return 0n;
  return part === "" ? BigInt(textLength(found[0]) + 1) : BigInt(parts(found[0], part).length - 1);
};

export const replaced = (text: string, from: string, to: string, limit: number): string => {
  if (limit === 0) return text;
  const pieces = from === "" ? ["", ...chars(text), ""] : parts(text, from);
  if (limit < 0 || limit >= pieces.length - 1) {
    bounded(text.length + (pieces.length - 1) * to.length);
    return pieces.join(to);
  }
  bounded(text.length + limit * to.length);
  const kept = pieces.slice(0, limit + 1);
  return [kept.join(to), ...pieces.slice(limit + 1)].join(from);
};

const justified =
  (side: "left" | "right" | "center") =>
  (text: string, width?: Value, fill?: Value): Value => {
    const char = fill === undefined ? " " : textArg(fill, "the fill character");
    if (textLength(char) !== 1) throw new JinjaError("The fill character must be exactly one character long");
    const size = textLength(text);
    const wide = bounded(intArg(width, 0));
    const missing = Math.max(wide - size, 0);
    const left = side === "left" ? 0 : side === "right" ? missing : Math.floor(missing / 2) + (missing & wide & 1);
    return char.repeat(left) + text + char.repeat(missing - left);
  };

const partition =
  (last: boolean) =>
  (text: string, separator?: Value): Value => {
    const sep = textArg(separator, "the separator");
    if (sep === "") throw new JinjaError("empty separator");
    const at = last ? text.lastIndexOf(sep) : text.indexOf(sep);
    if (at < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, at), sep, text.slice(at + sep.length)]);
  };

const split =
  (fromRight: boolean) =>
  (text: string, separator?: Value, limit?: Value): Value =>
    splitText(
      text,
      separator === undefined || separator === null ? undefined : textArg(separator, "the separator"),
      intArg(limit, -1),
      fromRight,
    );

const expandTabs = (text: string, tabSize?: Value): string => {
  const size = intArg(tabSize, 8);
  let column = 0;
  let out = "";
  for (const char of text) {
    if (char === "\t") {
      const gap = size > 0 ? size - (column % size) : 0;
      out += " ".repeat(bounded(gap));
      column += gap;
    } else {
      out += char;
      column = char === "\n" || char === "\r" ? 0 : column + 1;
    }
  }
  return out;
};

const translate = (text: string, table?: Value): string =>
  chars(text)
    .map((char) => {
      const to = table instanceof Dict ? table.get(BigInt(char.codePointAt(0) as number)) : undefined;
      if (to === undefined) return char;
      const text = to === null ? "" : typeof to === "bigint" ? String.fromCodePoint(Number(to)) : str(to);
      bounded(text.length);
      return text;
    })
    .join("");

const makeTable = (_: string, from?: Value, to?: Value, without?: Value): Value => {
  const code = (char: string): bigint => BigInt(char.codePointAt(0) as number);
  if (from instanceof Dict)
    return new Dict(from.entries().map(([key, value]) => [typeof key === "string" ? code(key) : key, value]));
  const target = chars(textArg(to, "the second argument"));
  const source = chars(textArg(from, "the first argument"));
  if (source.length !== target.length) throw new JinjaError("the first two maketrans arguments must have equal length");
  const table = new Dict(source.map((char, at) => [code(char), code(target[at] as string)] as const));
  for (const char of without === undefined ? "" : textArg(without, "the third argument")) table.set(code(char), null);
  return table;
};

/** Texts joined; the length is counted before. */
export const joinTexts = (texts: readonly string[], separator: string): string => {
  bounded(texts.reduce((size, text) => size + text.length + separator.length, 0));
  return texts.join(separator);
};

export const joined = (separator: string, items: Value | undefined): string =>
  joinTexts(
    Array.from(iterate(items ?? null), (item, at) => {
      const text = asText(item);
      if (text === undefined)
        throw new JinjaError(`sequence item ${at}: expected str instance, ${typeName(item)} found`);
      return text;
    }),
    separator,
  );

const METHODS: Readonly<Record<string, Method>> = {
  capitalize: map(capitalized),
  casefold: map(casefolded),
  center: [["width", "fillchar?"], justified("center")],
  count: [SEARCH, count],
  endswith: [["suffix", "start?", "end?"], affix("endsWith")],
  expandtabs: [["tabsize?"], expandTabs],
  find: [SEARCH, find(false, false)],
  index: [SEARCH, find(false, true)],
  isalnum: is(isAlnum),
  isalpha: is(isAlpha),
  isascii: is((text) => /^[\x00-\x7f]*$/.test(text)),
  isdecimal: is(isDecimal),
  isdigit: is(isDigit),
  isidentifier: is(isIdentifier),
  islower: is(isLower),
  isnumeric: is(isNumeric),
  isprintable: is((text) => !unprintable(text)),
  isspace: is((text) => new RegExp(`^[${BLANK}]+$`).test(text)),
  istitle: is(isTitle),
  isupper: is(isUpper),
  join: [["iterable"], (text, items) => joined(text, items)],
  ljust: [["width", "fillchar?"], justified("left")],
  lower: map((text) => text.toLowerCase()),
  lstrip: stripped("left"),
  maketrans: [["x", "y?", "z?"], makeTable],
  partition: [["sep"], partition(false)],
  removeprefix: [
    ["prefix"],
    (text, part) => {
      const prefix = textArg(part, "the prefix");
      return text.startsWith(prefix) ? text.slice(prefix.length) : text;
    },
  ],
  removesuffix: [
    ["suffix"],
    (text, part) => {
      const suffix = textArg(part, "the suffix");
      return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
    },
  ],
  replace: [
    ["old", "new", "count?"],
    (text, from, to, limit) =>
      replaced(text, textArg(from, "replace() argument 1"), textArg(to, "replace() argument 2"), intArg(limit, -1)),
  ],
  rfind: [SEARCH, find(true, false)],
  rindex: [SEARCH, find(true, true)],
  rjust: [["width", "fillchar?"], justified("right")],
  rpartition: [["sep"], partition(true)],
  rsplit: [["sep?", "maxsplit?"], split(true)],
  rstrip: stripped("right"),
  split: [["sep?", "maxsplit?"], split(false)],
  splitlines: [["keepends?"], (text, keep) => splitKeepingLines(text, keep !== undefined && truthy(keep))],
  startswith: [["prefix", "start?", "end?"], affix("startsWith")],
  strip: stripped("both"),
  swapcase: map(swapCased),
  title: map(titleCased),
  translate: [["table"], translate],
  upper: map((text) => text.toUpperCase()),
  zfill: [
    ["width"],
    (text, width) => {
      const sign = /^[-+]/.exec(text)?.[0] ?? "";
      const rest = text.slice(sign.length);
      return sign + "0".repeat(Math.max(bounded(intArg(width, 0)) - textLength(text), 0)) + rest;
    },
  ],
};

/** The method of that name, with the text bound; undefined where `str` has none. */
export const stringMethod = (text: string, name: string): ((args: Args) => Value) | undefined => {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (method === undefined) return undefined;
  const [parameters, run] = method;
  return (args) => run(text, ...bind(name, parameters, args));
};
