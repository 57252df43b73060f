/** A whole template as tokens for the library's parser: statements that it does not know become `call` blocks. */
import { DEEPEST } from "./budget.ts";
import { lex, type Piece } from "./lexer.ts";
import {
  bracketed,
  expressionTokens,
  grouped,
  type Item,
  isName,
  isOp,
  split,
  type Token,
  targetTokens,
  tupleTokens,
  word,
} from "./tokens.ts";
import { JinjaError } from "./values.ts";

/** Blocks that need other files, or that transformers' environment has not switched on. */
const REFUSED = new Set(["include", "import", "from", "extends", "block", "autoescape", "do", "trans", "debug"]);
const RENAMED = new Set(["filter", "with", "generation"]);

interface Open {
  readonly name: string;
  readonly line: number;
}

/** The tokens of a template. Throws `JinjaError` naming the statement and its line. */
export const templateTokens = (template: string): Token[] => {
  const open: Open[] = [];
  const tokens = lex(template).flatMap((piece): Token[] => {
    if (piece.kind === "text") return [{ value: piece.text, type: "Text" }];
    try {
      if (piece.kind === "block") return [OPEN_BLOCK, ...statement(grouped(piece.lexemes), piece, open), CLOSE_BLOCK];
      if (piece.lexemes.length === 0) throw new JinjaError("{{ }} is empty");
      return [OPEN_PRINT, ...tupleTokens(grouped(piece.lexemes)), CLOSE_PRINT];
    } catch (error) {
      if (!(error instanceof JinjaError)) throw error;
      throw new JinjaError(`line ${piece.line}: ${error.message}`);
    }
  });
  const left = open.at(-1);
  if (left !== undefined) throw new JinjaError(`line ${left.line}: {% ${left.name} %} is never closed`);
  return tokens;
};

const OPEN_BLOCK: Token = { value: "{%", type: "OpenStatement" };
const CLOSE_BLOCK: Token = { value: "%}", type: "CloseStatement" };
const OPEN_PRINT: Token = { value: "{{", type: "OpenExpression" };
const CLOSE_PRINT: Token = { value: "}}", type: "CloseExpression" };

const statement = (items: readonly Item[], piece: Piece, open: Open[]): Token[] => {
  const head = items[0];
  if (head === undefined || !isName(head)) throw new JinjaError("a block must begin with the name of a statement");
  const name = head.value as string;
  const rest = items.slice(1);
  const enter = (): void => {
    open.push({ name, line: piece.line });
    if (open.length > DEEPEST) throw new JinjaError(`blocks are nested deeper than ${DEEPEST} levels`);
  };
  if (name.startsWith("end") && name.length > 3) {
    const kind = name.slice(3);
    const top = open.pop();
    if (top?.name !== kind)
      throw new JinjaError(
        top === undefined ? `{% ${name} %} closes nothing` : `{% ${name} %} where {% end${top.name} %} was expected`,
      );
    if (rest.length > 0) throw new JinjaError(`{% ${name} %} takes nothing more`);
    return [word(RENAMED.has(kind) ? "endcall" : name)];
  }
  switch (name) {
    case "if":
    case "elif":
      if (name === "if") enter();
      else inside(open, ["if"], name);
      return [word(name), ...tupleTokens(rest)];
    case "else":
      inside(open, ["if", "for"], name);
      return [word(name)];
    case "for":
      enter();
      return [word(name), ...loopHeader(rest)];
    case "break":
    case "continue": {
      const around = open.findLast((block) => ["for", "macro", "call", "generation"].includes(block.name));
      if (around?.name !== "for") throw new JinjaError(`{% ${name} %} stands outside a loop`);
      return [word(name)];
    }
    case "set": {
      const equals = rest.findIndex((item) => isOp(item, "="));
      if (equals >= 0)
        return [
          word(name),
          ...targetTokens(rest.slice(0, equals)),
          { value: "=", type: "Equals" },
          ...tupleTokens(rest.slice(equals + 1)),
        ];
      enter();
      return [word(name), ...expressionTokens(rest)];
    }
    case "macro":
      enter();
      return [word(name), ...expressionTokens(rest)];
    case "call": {
      enter();
      const [first, ...others] = rest;
      const withParameters = first?.type === "group" && first.value === "(" && others.length > 0;
      const parameters = withParameters ? bracketed(expressionTokens(first.items)) : [];
      const called = withParameters ? others : rest;
      return [word(name), ...parameters, word("call"), ...bracketed(expressionTokens(called))];
    }
    case "filter":
      enter();
      return [word("call"), word("filter"), ...bracketed([word("body"), PIPE, ...expressionTokens(asFilter(rest))])];
    case "with":
      enter();
      return [word("call"), word("with"), ...bracketed(expressionTokens(rest))];
    case "generation":
      enter();
      return [word("call"), word("generation"), ...bracketed([])];
    default:
      throw new JinjaError(
        REFUSED.has(name) ? `{% ${name} %} is not supported in chat templates` : `unknown statement {% ${name} %}`,
      );
  }
};

const PIPE: Token = { value: "|", type: "Pipe" };
/** A name behind a pipe is never a keyword. */
const asFilter = (items: readonly Item[]): readonly Item[] => items;

const inside = (open: readonly Open[], names: readonly string[], name: string): void => {
  if (!names.includes(open.at(-1)?.name ?? ""))
    throw new JinjaError(`{% ${name} %} stands in no ${names.join(" or ")}`);
};

/** `target in items [if test] [recursive]`, as `target in for(items, test)`. */
const loopHeader = (items: readonly Item[]): Token[] => {
  const at = items.findIndex((item) => isName(item, "in"));
  if (at < 1) throw new JinjaError('{% for %} needs "in"');
  const recursive = isName(items.at(-1), "recursive") && items.length > at + 2;
  const rest = items.slice(at + 1, recursive ? -1 : undefined);
  const condition = rest.findIndex((item) => isName(item, "if"));
  const walked = condition < 0 ? rest : rest.slice(0, condition);
  const test =
    condition < 0 ? [] : [{ value: ",", type: "Comma" } as Token, ...expressionTokens(rest.slice(condition + 1))];
  return [
    ...loopTarget(items.slice(0, at)),
    word("in"),
    word(recursive ? "for recursive" : "for"),
    ...bracketed([...tupleTokens(walked), ...test]),
  ];
};

/** A comma behind a single name still makes a tuple, which the parser has no word for. */
const loopTarget = (items: readonly Item[]): Token[] => {
  if (split(items).some((part) => part.length === 0)) throw new JinjaError("{% for x, in … %} is not supported");
  return targetTokens(items);
};
