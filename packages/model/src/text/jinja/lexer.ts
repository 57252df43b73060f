/**
 * A template's text cut into pieces, by the rules of Jinja2 3.1 with `trim_blocks` and `lstrip_blocks`: line ends become `\n`,
 * one at the end goes, blanks before a block at the start of a line go, and so does the line end after a block.
 */
import { BLANK } from "./blank.ts";
import { DEEPEST, JinjaError, LONGEST_SOURCE } from "./budget.ts";
import { unescaped } from "./escapes.ts";
import { trimEnd } from "./trim.ts";

export interface Lexeme {
  readonly type: "name" | "int" | "float" | "string" | "op";
  readonly value: string;
}

export interface Piece {
  readonly kind: "text" | "print" | "block";
  /** Of a text piece: the text. */
  readonly text: string;
  readonly lexemes: readonly Lexeme[];
  /** Counted from 1. */
  readonly line: number;
}

const blanks = new RegExp(`[${BLANK}]*`, "y");
const allBlank = new RegExp(`^[${BLANK}]+$`);
const opening = /\{[%{#]/g;
const rawOpening = new RegExp(`\\{%[-+]?[${BLANK}]*raw[${BLANK}]*(?:-%\\}[${BLANK}]*|%\\})`, "y");
const rawClosing = new RegExp(`\\{%([-+]?)[${BLANK}]*endraw[${BLANK}]*(?:\\+%\\}|-%\\}[${BLANK}]*|%\\}\\n?)`, "g");
const commentClosing = new RegExp(`\\+#\\}|-#\\}[${BLANK}]*|#\\}\\n?`, "g");
const blockClosing = new RegExp(`\\+%\\}|-%\\}[${BLANK}]*|%\\}\\n?`, "y");
const printClosing = new RegExp(`-\\}\\}[${BLANK}]*|\\}\\}`, "y");
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operator = /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}<>=.:|,]/y;
const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Cuts a template. Throws `JinjaError` with the line of what cannot be read. */
export const lex = (template: string): readonly Piece[] => {
  if (template.length > LONGEST_SOURCE)
    throw new JinjaError(`has ${template.length} characters, more than ${LONGEST_SOURCE}`);
  const source = template.replace(/\r\n|\r/g, "\n").replace(/\n$/, "");
  const pieces: Piece[] = [];
  let position = 0;
  let lineStarts = true;
  let counted = { at: 0, line: 1 };
  const lineAt = (at: number): number => {
    if (at < counted.at) counted = { at: 0, line: 1 };
    let line = counted.line;
    for (let end = source.indexOf("\n", counted.at); end >= 0 && end < at; end = source.indexOf("\n", end + 1))
      line += 1;
    counted = { at, line };
    return line;
  };
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(source)?.[0];
  };
  const addText = (text: string): void => {
    if (text !== "") pieces.push({ kind: "text", text, lexemes: [], line: lineAt(position) });
  };
  const beforeTag = (text: string, sign: string, print: boolean): string => {
    if (sign === "-") return trimEnd(text);
    if (sign === "+" || print) return text;
    const line = text.lastIndexOf("\n") + 1;
    return (line > 0 || lineStarts) && allBlank.test(text.slice(line)) ? text.slice(0, line) : text;
  };
  const moveTo = (end: number): void => {
    if (end > position) lineStarts = source[end - 1] === "\n";
    position = end;
  };

  while (position < source.length) {
    opening.lastIndex = position;
    const open = opening.exec(source);
    if (open === null) {
      addText(source.slice(position));
      break;
    }
    const kind = open[0][1] as "%" | "{" | "#";
    const signAt = open.index + 2;
    const sign = "-+".includes(source[signAt] ?? " ") ? (source[signAt] as string) : "";
    addText(beforeTag(source.slice(position, open.index), sign, kind === "{"));
    position = open.index;
    const raw = kind === "%" ? matched(rawOpening) : undefined;
    if (raw !== undefined) {
      moveTo(position + raw.length);
      rawClosing.lastIndex = position;
      const close = rawClosing.exec(source);
      if (close === null) throw new JinjaError(`line ${lineAt(position)}: {% raw %} is never closed`);
      addText(beforeTag(source.slice(position, close.index), close[1] as string, false));
      moveTo(close.index + close[0].length);
      continue;
    }
    moveTo(signAt + sign.length);
    if (kind === "#") {
      commentClosing.lastIndex = position;
      const close = commentClosing.exec(source);
      if (close === null) throw new JinjaError(`line ${lineAt(position)}: a comment is never closed`);
      moveTo(close.index + close[0].length);
      continue;
    }
    const line = lineAt(position);
    const lexemes = readTag(kind === "%" ? blockClosing : printClosing, line);
    pieces.push({ kind: kind === "%" ? "block" : "print", text: "", lexemes, line });
  }
  return pieces;

  function readTag(closing: RegExp, line: number): readonly Lexeme[] {
    const lexemes: Lexeme[] = [];
    const open: string[] = [];
    for (;;) {
      const close = open.length === 0 ? matched(closing) : undefined;
      if (close !== undefined) {
        moveTo(position + close.length);
        return lexemes;
      }
      position += (matched(blanks) as string).length;
      if (position >= source.length) throw new JinjaError(`line ${line}: a tag is never closed`);
      if (open.length === 0 && matched(closing) !== undefined) continue;
      const lexeme = nextLexeme(lexemes.at(-1), line);
      if (lexeme.type === "op") {
        if (CLOSES[lexeme.value] !== undefined) open.push(CLOSES[lexeme.value] as string);
        if (open.length > DEEPEST)
          throw new JinjaError(`line ${line}: brackets are nested deeper than ${DEEPEST} levels`);
        if (")]}".includes(lexeme.value) && open.pop() !== lexeme.value)
          throw new JinjaError(`line ${line}: unexpected "${lexeme.value}"`);
      }
      lexemes.push(lexeme);
    }
  }

  function nextLexeme(before: Lexeme | undefined, line: number): Lexeme {
    const take = (pattern: RegExp): string | undefined => {
      const found = matched(pattern);
      if (found !== undefined) position += found.length;
      return found;
    };
    const decimal = before?.value === "." && before.type === "op" ? undefined : take(float);
    if (decimal !== undefined) return { type: "float", value: decimal.replaceAll("_", "").toLowerCase() };
    const whole = take(integer);
    if (whole !== undefined) return { type: "int", value: String(BigInt(whole.replaceAll("_", ""))) };
    const word = take(name);
    if (word !== undefined) return { type: "name", value: word };
    const quoted = take(string);
    if (quoted !== undefined) return { type: "string", value: unescaped(quoted.slice(1, -1)) };
    const sign = take(operator);
    if (sign !== undefined) return { type: "op", value: sign };
    throw new JinjaError(`line ${line}: unexpected character "${source[position]}"`);
  }
};
