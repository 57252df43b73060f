/**
 * `when`: a condition over `vars` and `matrix`, e.g. `matrix.method == "ms" and vars.count >= 100`. A small typed language of
 * its own: literals, lists, `== != < <= > >= in`, `and or not` (or `&& || !`), brackets. Both sides of every operator are
 * always computed, so a wrong type is found even where the result would not depend on it.
 */
import type { Located, LocatedScalar, Place } from "./located.ts";
import { toPlain } from "./located.ts";
import type { Combination } from "./matrix.ts";
import type { Report } from "./report.ts";
import { naturally } from "./typed.ts";
import type { Interpolation } from "./vars.ts";
import { maxDepth } from "./yaml.ts";

/** Whether the node is wanted; `true` after reporting a problem. */
export function wanted(when: Located, vars: Interpolation, matrix: Combination | undefined, report: Report): boolean {
  const remedy = 'Write e.g. when: vars.full, or when: matrix.method == "ms" and vars.count > 10.';
  if (when.type !== "scalar" || (typeof when.value !== "boolean" && typeof when.value !== "string")) {
    report.problem("E_WHEN_TYPE", "when must be a condition", when.at, remedy);
    return true;
  }
  if (typeof when.value === "boolean") return when.value;
  const expression = new Expression(when, when.value, vars, matrix);
  try {
    return expression.condition();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code !== undefined) report.problem(problem.code, problem.message, problem.at, remedy);
    return true;
  }
}

/** `code` is `undefined` when it has been reported already. */
class Problem extends Error {
  readonly code: "E_WHEN_SYNTAX" | "E_WHEN_TYPE" | undefined;
  readonly at: Place;

  constructor(code: Problem["code"], message: string, at: Place) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

interface Token {
  readonly type: "literal" | "path" | "operator" | "end";
  readonly text: string;
  readonly offset: number;
}

const tokens =
  /\s*(?:(?<literal>"(?:[^"\\]|\\.)*"|'[^']*'|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|(?:true|false|null)\b)|(?<operator>==|!=|<=|>=|&&|\|\||[<>!()[\],]|(?:and|or|not|in)\b)|(?<path>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?<end>$))/y;

class Expression {
  readonly #text: string;
  readonly #source: LocatedScalar;
  readonly #shift: number;
  readonly #vars: Interpolation;
  readonly #matrix: Combination | undefined;
  #token: Token;
  #next = 0;
  #depth = 0;

  constructor(source: LocatedScalar, text: string, vars: Interpolation, matrix: Combination | undefined) {
    const wrapped = /^(\s*\$\{)(.*)\}\s*$/s.exec(text);
    this.#text = wrapped?.[2] ?? text;
    this.#source = source;
    this.#shift = (wrapped?.[1]?.length ?? 0) + (source.style === "quoted" ? 1 : 0);
    this.#vars = vars;
    this.#matrix = matrix;
    this.#token = { type: "end", text: "", offset: 0 };
  }

  condition(): boolean {
    this.#advance();
    const offset = this.#token.offset;
    const value = this.#boolean(this.#or(), offset);
    if (this.#token.type !== "end") throw this.#syntax(`"${this.#token.text}" is one too many`);
    return value;
  }

  #or(): unknown {
    return this.#chain(
      ["or", "||"],
      () => this.#and(),
      (a, b) => a || b,
    );
  }

  #and(): unknown {
    return this.#chain(
      ["and", "&&"],
      () => this.#not(),
      (a, b) => a && b,
    );
  }

  #chain(operators: ReadonlyArray<string>, operand: () => unknown, join: (a: boolean, b: boolean) => boolean): unknown {
    let offset = this.#token.offset;
    let value = operand();
    while (this.#takes(...operators)) {
      const left = this.#boolean(value, offset);
      offset = this.#token.offset;
      value = join(left, this.#boolean(operand(), offset));
    }
    return value;
  }

  #not(): unknown {
    if (!this.#takes("not", "!")) return this.#comparison();
    const offset = this.#token.offset;
    return !this.#boolean(
      this.#inside(() => this.#not()),
      offset,
    );
  }

  /** One level deeper: within the stack of any machine. */
  #inside<A>(read: () => A): A {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw this.#syntax(`it is nested deeper than ${maxDepth} levels`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #comparison(): unknown {
    const left = this.#primary();
    const { text, offset } = this.#token;
    if (!this.#takes("==", "!=", "<", "<=", ">", ">=", "in")) return left;
    const right = this.#primary();
    const types = `${typeName(left)} ${text} ${typeName(right)}`;
    if (text === "in") {
      if (!Array.isArray(right)) throw this.#type(`what stands behind "in" must be a list: ${types}`, offset);
      return right.some((item) => same(item, left));
    }
    if (text === "==" || text === "!=") {
      const comparable = typeName(left) === typeName(right) || left === null || right === null;
      if (!comparable) throw this.#type(`these are never equal: ${types}`, offset);
      return same(left, right) === (text === "==");
    }
    const ordered =
      (typeof left === "number" && typeof right === "number") ||
      (typeof left === "string" && typeof right === "string");
    if (!ordered) throw this.#type(`these have no order: ${types}`, offset);
    const [a, b] = [left as number, right as number];
    return text === "<" ? a < b : text === "<=" ? a <= b : text === ">" ? a > b : a >= b;
  }

  #primary(): unknown {
    const { type, text, offset } = this.#token;
    if (this.#takes("(")) {
      const value = this.#inside(() => this.#or());
      if (!this.#takes(")")) throw this.#syntax('a ")" is missing');
      return value;
    }
    if (this.#takes("[")) {
      const items: Array<unknown> = [];
      while (!this.#takes("]")) {
        if (items.length > 0 && !this.#takes(",")) throw this.#syntax('a "," or "]" is missing');
        items.push(this.#inside(() => this.#primary()));
      }
      return items;
    }
    if (type !== "literal" && type !== "path") {
      throw this.#syntax(text === "" ? "the condition ends too early" : `"${text}" cannot stand here`);
    }
    this.#advance();
    if (type === "literal") return text.startsWith("'") ? text.slice(1, -1) : this.#json(text, offset);
    const found = this.#vars.lookup(text, this.#place(offset), this.#matrix);
    if (found === undefined) throw new Problem(undefined, "", this.#place(offset));
    return toPlain(naturally(found));
  }

  #json(text: string, offset: number): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new Problem("E_WHEN_SYNTAX", `${text} is not a value`, this.#place(offset));
    }
  }

  #boolean(value: unknown, offset: number): boolean {
    if (typeof value === "boolean") return value;
    throw this.#type(`this is ${typeName(value)}, not true or false`, offset);
  }

  #takes(...texts: ReadonlyArray<string>): boolean {
    if (this.#token.type !== "operator" || !texts.includes(this.#token.text)) return false;
    this.#advance();
    return true;
  }

  #advance(): void {
    tokens.lastIndex = this.#next;
    const groups = tokens.exec(this.#text)?.groups;
    const [type, text] = Object.entries(groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    if (type === undefined || text === undefined) {
      const rest = this.#text.slice(this.#next).trimStart();
      const offset = this.#text.length - rest.length;
      throw new Problem("E_WHEN_SYNTAX", `"${rest.slice(0, 1)}" means nothing in a condition`, this.#place(offset));
    }
    this.#next = tokens.lastIndex;
    this.#token = { type: type as Token["type"], text, offset: this.#next - text.length };
  }

  #syntax(message: string): Problem {
    return new Problem("E_WHEN_SYNTAX", message, this.#place(this.#token.offset));
  }

  #type(message: string, offset: number): Problem {
    return new Problem("E_WHEN_TYPE", message, this.#place(offset));
  }

  /** Inside a block the lines of the file are not known any more: its beginning has to do. */
  #place(offset: number): Place {
    const { at, style } = this.#source;
    return style === "block" ? at : { ...at, column: at.column + this.#shift + offset };
  }
}

const typeName = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "list"
      : typeof value === "object"
        ? "map"
        : typeof value === "string"
          ? "text"
          : typeof value;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
