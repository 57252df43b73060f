/**
 * Lexemes as tokens for the library's parser. What its grammar lacks is put in words it has: a test becomes a filter named
 * `is …`, a tuple a call of `()`, a large integer a name `int …`. `tree.ts` turns these back. Every operator carries the
 * number of the brackets it stands in, since the parser's tree keeps no brackets and its precedences differ from Jinja2's.
 */
import type { parse } from "@huggingface/jinja";
import type { Lexeme } from "./lexer.ts";
import { JinjaError } from "./values.ts";

export type Token = Parameters<typeof parse>[0][number] & { readonly group?: number };

/** A lexeme, or what stands between two brackets. */
export type Item = Lexeme | Group;
interface Group {
  readonly type: "group";
  readonly value: "(" | "[" | "{";
  readonly items: readonly Item[];
}

export const TUPLE = "()";
export const BIG = "int ";
export const TEST = "is ";

/** Lexemes with brackets resolved; the lexer has seen to it that they match. */
export const grouped = (lexemes: readonly Lexeme[]): readonly Item[] => {
  const levels: Item[][] = [[]];
  const opened: Array<Group["value"]> = [];
  for (const lexeme of lexemes) {
    if (lexeme.type === "op" && "([{".includes(lexeme.value)) {
      opened.push(lexeme.value as Group["value"]);
      levels.push([]);
    } else if (lexeme.type === "op" && ")]}".includes(lexeme.value)) {
      const items = levels.pop() as Item[];
      (levels.at(-1) as Item[]).push({ type: "group", value: opened.pop() as Group["value"], items });
    } else (levels.at(-1) as Item[]).push(lexeme);
  }
  return levels[0] as Item[];
};

export const isOp = (item: Item | undefined, value: string): boolean => item?.type === "op" && item.value === value;
export const isName = (item: Item | undefined, value?: string): boolean =>
  item?.type === "name" && (value === undefined || item.value === value);
const isGroup = (item: Item | undefined, value: Group["value"]): item is Group =>
  item?.type === "group" && item.value === value;

/** The parts between commas. */
export const split = (items: readonly Item[], separator = ","): ReadonlyArray<readonly Item[]> => {
  const parts: Item[][] = [[]];
  for (const item of items)
    if (isOp(item, separator)) parts.push([]);
    else (parts.at(-1) as Item[]).push(item);
  return parts;
};

const KEYWORDS = new Set(["and", "or", "not", "in", "is", "if", "else", "elif"]);
const KIND: Readonly<Record<string, Token["type"]>> = {
  "+": "AdditiveBinaryOperator",
  "-": "AdditiveBinaryOperator",
  "~": "AdditiveBinaryOperator",
  "*": "MultiplicativeBinaryOperator",
  "/": "MultiplicativeBinaryOperator",
  "//": "MultiplicativeBinaryOperator",
  "%": "MultiplicativeBinaryOperator",
  "**": "ExponentiationBinaryOperator",
  "==": "ComparisonBinaryOperator",
  "!=": "ComparisonBinaryOperator",
  "<": "ComparisonBinaryOperator",
  "<=": "ComparisonBinaryOperator",
  ">": "ComparisonBinaryOperator",
  ">=": "ComparisonBinaryOperator",
  "=": "Equals",
  ".": "Dot",
  ":": "Colon",
  "|": "Pipe",
  ",": "Comma",
};
const BRACKETS: Readonly<Record<Group["value"], readonly [Token, Token]>> = {
  "(": [
    { value: "(", type: "OpenParen" },
    { value: ")", type: "CloseParen" },
  ],
  "[": [
    { value: "[", type: "OpenSquareBracket" },
    { value: "]", type: "CloseSquareBracket" },
  ],
  "{": [
    { value: "{", type: "OpenCurlyBracket" },
    { value: "}", type: "CloseCurlyBracket" },
  ],
};
export const word = (value: string): Token => ({ value, type: "Identifier" });
export const bracketed = (tokens: readonly Token[]): Token[] => [BRACKETS["("][0], ...tokens, BRACKETS["("][1]];

let groups = 0;

/** An expression; commas at its top make it a tuple. */
export const tupleTokens = (items: readonly Item[]): Token[] =>
  items.some((item) => isOp(item, ","))
    ? [word(TUPLE), ...bracketed(expressionTokens(items))]
    : expressionTokens(items);

/** What stands left of `=` or `in`: names, attributes and tuples of them. */
export const targetTokens = (items: readonly Item[]): Token[] =>
  items.flatMap((item) => (isGroup(item, "(") ? bracketed(targetTokens(item.items)) : expressionTokens([item])));

export const expressionTokens = (items: readonly Item[]): Token[] => {
  if (items.length === 0) return [];
  groups += 1;
  const group = groups;
  const out: Token[] = [];
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at] as Item;
    const before = items[at - 1];
    if (isName(item, "is") && at > 0 && !isOp(before, ".") && !isOp(before, "|")) {
      at = test(items, at, out);
    } else if (item.type === "group") out.push(...groupTokens(item, isOperand(before, items[at - 2])));
    else if (isOp(before, ".") || isOp(before, "|")) out.push(...leaf(item, group));
    else if (isName(item, "in")) out.push({ value: "in", type: "ComparisonBinaryOperator", group });
    else if (isName(item, "not") && isName(items[at + 1], "in")) {
      out.push({ value: "not in", type: "ComparisonBinaryOperator", group });
      at += 1;
    } else {
      const isValue = item.type !== "op" && !(item.type === "name" && KEYWORDS.has(item.value));
      if (isValue && isOperand(before, items[at - 2]) && !(item.type === "string" && before?.type === "string"))
        throw new JinjaError(`unexpected "${item.value}"`);
      out.push(...leaf(item, group));
    }
  }
  return out;
};

const leaf = (item: Exclude<Item, Group>, group: number): readonly Token[] => {
  if (item.type === "name") return [word(item.value)];
  if (item.type === "string") return [{ value: item.value, type: "StringLiteral" }];
  if (item.type === "float") {
    const [digits, exponent] = item.value.split("e") as [string, string?];
    const whole = digits.includes(".") ? digits : `${digits}.0`;
    return [{ value: exponent === undefined ? whole : `${whole}e${exponent}`, type: "NumericLiteral" }];
  }
  if (item.type === "int")
    return Number.isSafeInteger(Number(item.value))
      ? [{ value: item.value, type: "NumericLiteral" }]
      : [word(`${BIG}${item.value}`)];
  const type = KIND[item.value];
  if (type === undefined) throw new JinjaError(`unexpected "${item.value}"`);
  return [{ value: item.value, type, group }];
};

/** A value stands here, so that brackets behind it are a call or a subscript. */
const isOperand = (item: Item | undefined, beforeThat?: Item): boolean =>
  item !== undefined &&
  item.type !== "op" &&
  !(item.type === "name" && KEYWORDS.has(item.value) && !isOp(beforeThat, "."));

const groupTokens = (item: Group, afterOperand: boolean): readonly Token[] => {
  const [open, close] = BRACKETS[item.value];
  const around = (tokens: readonly Token[]): Token[] => [open, ...tokens, close];
  if (item.value === "(") {
    const isTuple = !afterOperand && (item.items.length === 0 || item.items.some((inner) => isOp(inner, ",")));
    return isTuple ? [word(TUPLE), ...around(expressionTokens(item.items))] : around(expressionTokens(item.items));
  }
  if (item.value === "[" && afterOperand && item.items.some((inner) => isOp(inner, ",")))
    return around(tupleTokens(item.items));
  return around(expressionTokens(item.items));
};

/** `is [not] name [argument]` as a filter `is name` or `is not name`; returns where it ends. */
const test = (items: readonly Item[], start: number, out: Token[]): number => {
  let at = start + 1;
  const negated = isName(items[at], "not");
  if (negated) at += 1;
  const named = items[at];
  if (named === undefined || !isName(named)) throw new JinjaError('the name of a test must follow "is"');
  out.push({ value: "|", type: "Pipe" }, word(`${TEST}${negated ? "not " : ""}${named.value}`));
  const next = items[at + 1];
  if (isGroup(next, "(")) {
    out.push(...groupTokens(next, true));
    return at + 1;
  }
  const isArgument = next !== undefined && next.type !== "op" && !(next.type === "name" && KEYWORDS.has(next.value));
  if (!isArgument) return at;
  let end = at + 2;
  while (next.type === "string" && items[end]?.type === "string") end += 1;
  while (end < items.length) {
    if (isOp(items[end], ".")) end += 2;
    else if (isGroup(items[end], "(") || isGroup(items[end], "[")) end += 1;
    else break;
  }
  out.push(...bracketed(expressionTokens(items.slice(at + 1, end))));
  return end - 1;
};
