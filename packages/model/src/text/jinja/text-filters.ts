/** Jinja2's filters that make text of a value. */

import { BLANK } from "./blank.ts";
import { spendItems } from "./budget.ts";
import { toJson } from "./json.ts";
import { capitalized } from "./letters.ts";
import { escape, escapeHtml } from "./markup.ts";
import { fixed, isNegative } from "./numbers.ts";
import { numberOf, toFloat } from "./operators.ts";
import { percentFormat } from "./percent-format.ts";
import { str } from "./print.ts";
import { bind, type Given, intArg, textArg } from "./signature.ts";
import { chars, textLength } from "./slices.ts";
import { splitKeepingLines } from "./split-text.ts";
import { replaced, stringMethod } from "./string-methods.ts";
import { strip } from "./trim.ts";
import {
  type Args,
  asText,
  bounded,
  Dict,
  iterate,
  JinjaError,
  Markup,
  Tuple,
  truthy,
  Undefined,
  undefinedUsed,
  type Value,
} from "./values.ts";

export type Filter = (value: Value, args: Args) => Value;
export const filter =
  (name: string, parameters: readonly string[], run: (value: Value, ...given: Given) => Value): Filter =>
  (value, args) =>
    run(value, ...bind(name, parameters, args));

const flag = (value: Value | undefined): boolean => value !== undefined && truthy(value);
const none = (value: Value | undefined): value is undefined | null => value === undefined || value === null;
const NO_ARGS: Args = { positional: [], named: new Map() };

const title = (text: string): string => {
  spendItems(text.length);
  return text
    .split(new RegExp(`([-${BLANK}({\\[<]+)`))
    .map((part) => {
      const first = part === "" ? "" : String.fromCodePoint(part.codePointAt(0) as number);
      return first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join("");
};

const indent = (value: Value, width?: Value, first?: Value, blank?: Value): Value => {
  if (value instanceof Undefined) throw undefinedUsed(value);
  const text = textArg(value, "what indent works on");
  const step = width === undefined ? "    " : (asText(width) ?? " ".repeat(bounded(Math.max(intArg(width, 4), 0))));
  const lines = splitKeepingLines(`${text}\n`, false) as string[];
  bounded(step.length * (lines.length + 1));
  const body = lines.map((line, at) => (at > 0 && (line !== "" || flag(blank)) ? step + line : line)).join("\n");
  return flag(first) ? step + body : body;
};

const truncate = (value: Value, size?: Value, kill?: Value, ending?: Value, slack?: Value): Value => {
  const text = textArg(value, "what truncate works on");
  const length = intArg(size, 255);
  const end = ending === undefined ? "..." : textArg(ending, "the end of truncate");
  const leeway = none(slack) ? 5 : intArg(slack, 5);
  const keep = length - textLength(end);
  if (keep < 0) throw new JinjaError(`expected length >= ${textLength(end)}, got ${length}`);
  const all = chars(text);
  if (all.length <= length + leeway) return value;
  const cut = all.slice(0, keep).join("");
  if (flag(kill)) return cut + end;
  const space = cut.lastIndexOf(" ");
  return (space < 0 ? cut : cut.slice(0, space)) + end;
};

/** A text without what stands between two marks, the marks included; one that is never closed stays. */
const without = (text: string, open: string, close: string): string => {
  let out = "";
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length);
    if (end < 0) return out + text.slice(at);
    out += text.slice(at, start);
    at = end + close.length;
  }
};

const stripTags = (value: Value): Value => {
  const text = without(without(str(value), "<!--", "-->"), "<", ">");
  const words = text.split(new RegExp(`[${BLANK}]+`)).filter((word) => word !== "");
  const entities: Readonly<Record<string, string>> = {
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    "#39": "'",
    "#34": '"',
    nbsp: "\u00a0",
  };
  return words.join(" ").replace(/&(#?\w+);/g, (whole, name: string) => {
    const known = entities[name];
    if (known !== undefined) return known;
    const code = /^#x([\da-f]+)$/i.exec(name)?.[1];
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    if (/^#\d+$/.test(name)) return String.fromCodePoint(Number(name.slice(1)));
    throw new JinjaError(`striptags does not know the entity ${whole}`);
  });
};

const quoteUrl = (value: Value, query: boolean): string => {
  const encoded = encodeURIComponent(str(value)).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return query ? encoded.replaceAll("%20", "+") : encoded.replaceAll("%2F", "/");
};

const urlEncode = (value: Value): Value => {
  if (asText(value) !== undefined || value === null || numberOf(value) !== undefined) return quoteUrl(value, false);
  const pairs = value instanceof Dict ? value.entries().map((entry) => new Tuple(entry)) : [...iterate(value)];
  return pairs
    .map((pair) => [...iterate(pair)])
    .map(([key, item]) => `${quoteUrl(key as Value, true)}=${quoteUrl(item as Value, true)}`)
    .join("&");
};

const xmlAttributes = (value: Value, space?: Value): Value => {
  if (!(value instanceof Dict)) throw new JinjaError("xmlattr works on a dictionary");
  const items = value.entries().flatMap(([key, item]) => {
    if (item === null || item instanceof Undefined) return [];
    const name = textArg(key, "an attribute's name");
    if (/[\s/>=]/.test(name)) throw new JinjaError(`Invalid character in attribute name: '${name}'`);
    return [`${escapeHtml(name)}="${escape(item).text}"`];
  });
  const text = items.join(" ");
  return text !== "" && (space === undefined || truthy(space)) ? ` ${text}` : text;
};

const fileSize = (value: Value, binary?: Value): Value => {
  const size = toFloat(value);
  if (size === undefined) throw new JinjaError("filesizeformat works on a number");
  const base = flag(binary) ? 1024 : 1000;
  if (size === 1) return "1 Byte";
  if (size < base) return `${Math.trunc(size)} Bytes`;
  const letters = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
  const at = letters.findIndex((_, i) => size < base ** (i + 2));
  const power = at < 0 ? letters.length - 1 : at;
  const unit = flag(binary) ? `${(letters[power] as string).toUpperCase()}iB` : `${letters[power]}B`;
  const shown = size / base ** (power + 1);
  return `${isNegative(shown) ? "-" : ""}${fixed(shown, 1)} ${unit}`;
};

const json = (value: Value, ascii?: Value, step?: Value, separators?: Value, sorted?: Value): Value => {
  const indentText = none(step) ? undefined : (asText(step) ?? " ".repeat(bounded(Math.max(intArg(step, 0), 0))));
  const given = none(separators) ? undefined : Array.from(iterate(separators), (part) => textArg(part, "a separator"));
  if (given !== undefined && given.length !== 2) throw new JinjaError("separators must be two texts");
  return toJson(value, {
    ascii: flag(ascii),
    indent: indentText,
    separators: (given as [string, string] | undefined) ?? [indentText === undefined ? ", " : ",", ": "],
    sorted: flag(sorted),
  });
};

const method =
  (name: string): ((text: string) => Value) =>
  (text) =>
    (stringMethod(text, name) as (args: Args) => Value)(NO_ARGS);
const onText = (name: string, run: (text: string) => Value): Filter => filter(name, [], (value) => run(str(value)));

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  capitalize: onText("capitalize", capitalized),
  center: filter("center", ["width?"], (value, width) => {
    const center = stringMethod(str(value), "center") as (args: Args) => Value;
    return center({ positional: [width ?? 80n], named: new Map() });
  }),
  e: filter("e", [], escape),
  escape: filter("escape", [], escape),
  filesizeformat: filter("filesizeformat", ["binary?"], fileSize),
  forceescape: filter("forceescape", [], (value) => new Markup(escapeHtml(str(value)))),
  format: (value, { positional, named }) => {
    if (positional.length > 0 && named.size > 0)
      throw new JinjaError("format: can't handle positional and keyword arguments at the same time");
    return percentFormat(str(value), named.size > 0 ? new Dict(named) : new Tuple(positional));
  },
  indent: filter("indent", ["width?", "first?", "blank?"], indent),
  lower: onText("lower", method("lower")),
  replace: filter("replace", ["old", "new", "count?"], (value, from, to, count) =>
    replaced(str(value), str(from as Value), str(to as Value), none(count) ? -1 : intArg(count, -1)),
  ),
  safe: filter("safe", [], (value) => new Markup(str(value))),
  string: filter("string", [], (value) => (value instanceof Markup ? value : str(value))),
  striptags: filter("striptags", [], stripTags),
  title: onText("title", title),
  tojson: filter("tojson", ["ensure_ascii?", "indent?", "separators?", "sort_keys?"], json),
  trim: filter("trim", ["chars?"], (value, chars) =>
    strip(str(value), "both", none(chars) ? undefined : textArg(chars, "strip arg")),
  ),
  truncate: filter("truncate", ["length?", "killwords?", "end?", "leeway?"], truncate),
  upper: onText("upper", method("upper")),
  urlencode: filter("urlencode", [], urlEncode),
  wordcount: onText("wordcount", (text) => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
  xmlattr: filter("xmlattr", ["autospace?"], xmlAttributes),
};
