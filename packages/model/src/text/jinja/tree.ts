/** The syntax tree of the library's parser, rewritten to what Jinja2's own grammar says. */
import { parse } from "@huggingface/jinja";
import { templateTokens } from "./statements.ts";
import { BIG, TEST, TUPLE } from "./tokens.ts";
import { JinjaError, type Value } from "./values.ts";

export interface Argument {
  readonly kind: "value" | "named" | "spread" | "spread named";
  readonly name: string;
  readonly value: Node;
}
export interface Parameter {
  readonly name: string;
  readonly fallback: Node | undefined;
}
export type Node =
  | { readonly type: "Text"; readonly text: string }
  | { readonly type: "Constant"; readonly value: Value }
  | { readonly type: "Name"; readonly name: string }
  | { readonly type: "List" | "Tuple"; readonly items: readonly Node[] }
  | { readonly type: "Dict"; readonly entries: ReadonlyArray<readonly [Node, Node]> }
  | { readonly type: "Attribute"; readonly object: Node; readonly name: string }
  | { readonly type: "Item"; readonly object: Node; readonly key: Node }
  | { readonly type: "Slice"; readonly parts: ReadonlyArray<Node | undefined> }
  | { readonly type: "Call"; readonly callee: Node; readonly args: readonly Argument[] }
  | { readonly type: "Filter"; readonly name: string; readonly operand: Node; readonly args: readonly Argument[] }
  | {
      readonly type: "Test";
      readonly name: string;
      readonly negated: boolean;
      readonly operand: Node;
      readonly args: readonly Argument[];
    }
  | { readonly type: "Unary"; readonly operator: string; readonly operand: Node }
  | { readonly type: "Binary"; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly type: "Concat"; readonly parts: readonly Node[] }
  | { readonly type: "Compare"; readonly first: Node; readonly rest: ReadonlyArray<readonly [string, Node]> }
  | { readonly type: "Choice"; readonly test: Node; readonly yes: Node; readonly no: Node | undefined }
  | { readonly type: "If"; readonly test: Node; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | {
      readonly type: "For";
      readonly target: Node;
      readonly items: Node;
      readonly test: Node | undefined;
      readonly recursive: boolean;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly type: "Break" | "Continue" }
  | { readonly type: "Set"; readonly target: Node; readonly value: Node }
  | {
      readonly type: "SetBlock";
      readonly target: Node;
      readonly body: readonly Node[];
      /** Applied to the body, where the statement names filters: `body` is its text. */
      readonly filter: Node | undefined;
    }
  | {
      readonly type: "Macro";
      readonly name: string;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Node[];
    }
  | {
      readonly type: "CallBlock";
      readonly call: Node;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Node[];
    }
  | { readonly type: "FilterBlock"; readonly filter: Node; readonly body: readonly Node[] }
  | { readonly type: "With"; readonly bindings: readonly Argument[]; readonly body: readonly Node[] }
  | { readonly type: "Generation"; readonly body: readonly Node[] };

/** The name under which a filter block's text is found. */
export const BODY = "body of a block";

/** The tree of a template. Throws `JinjaError` where it is no Jinja or uses what is not supported. */
export const parseTemplate = (template: string): readonly Node[] =>
  (parse(templateTokens(template)).body as unknown as readonly Raw[]).map(node);

/** A node of the library's tree; its classes are not exported. */
interface Raw {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by type, and the library exports no types for them
  readonly [field: string]: any;
}
interface Operator {
  readonly value: string;
  readonly group?: number;
}

const all = (raws: readonly Raw[]): readonly Node[] => raws.map(node);

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

const node = (raw: Raw): Node => {
  switch (raw.type) {
    case "StringLiteral":
      return { type: "Constant", value: raw["value"] };
    case "IntegerLiteral":
      return { type: "Constant", value: BigInt(raw["value"]) };
    case "FloatLiteral":
      return { type: "Constant", value: raw["value"] };
    case "Identifier":
      return name(raw["value"]);
    case "ArrayLiteral":
      return { type: "List", items: all(raw["value"]) };
    case "TupleLiteral":
      return { type: "Tuple", items: all(raw["value"]) };
    case "ObjectLiteral":
      return { type: "Dict", entries: [...raw["value"]].map(([key, value]) => [node(key), node(value)] as const) };
    case "MemberExpression":
      return member(raw);
    case "SliceExpression":
      return {
        type: "Slice",
        parts: [raw["start"], raw["stop"], raw["step"]].map((part) => (part === undefined ? undefined : node(part))),
      };
    case "CallExpression":
      if (raw["callee"].type === "Identifier" && raw["callee"].value === TUPLE)
        return { type: "Tuple", items: args(raw["args"]).map(plain) };
      return { type: "Call", callee: node(raw["callee"]), args: args(raw["args"]) };
    case "FilterExpression":
      return filter(raw);
    case "UnaryExpression":
      return { type: "Unary", operator: raw["operator"].value, operand: node(raw["argument"]) };
    case "BinaryExpression":
      return binary(raw);
    case "Ternary":
      return { type: "Choice", test: node(raw["condition"]), yes: node(raw["trueExpr"]), no: node(raw["falseExpr"]) };
    case "SelectExpression":
      return { type: "Choice", test: node(raw["test"]), yes: node(raw["lhs"]), no: undefined };
    case "If":
      return { type: "If", test: node(raw["test"]), body: all(raw["body"]), otherwise: all(raw["alternate"]) };
    case "For":
      return loop(raw);
    case "Break":
    case "Continue":
      return { type: raw.type };
    case "Set":
      return set(raw);
    case "Macro":
      return { type: "Macro", name: raw["name"].value, parameters: parameters(raw["args"]), body: all(raw["body"]) };
    case "CallStatement":
      return callBlock(raw);
    default:
      throw new JinjaError(`${raw.type} is not supported`);
  }
};

const name = (word: string): Node => {
  if (word.startsWith(BIG)) return { type: "Constant", value: BigInt(word.slice(BIG.length)) };
  const constant = CONSTANTS.get(word);
  return constant === undefined ? { type: "Name", name: word } : { type: "Constant", value: constant };
};

const member = (raw: Raw): Node => {
  const object = node(raw["object"]);
  if (raw["computed"]) return { type: "Item", object, key: node(raw["property"]) };
  return raw["property"].type === "Identifier"
    ? { type: "Attribute", object, name: raw["property"].value }
    : { type: "Item", object, key: node(raw["property"]) };
};

const args = (raws: readonly Raw[]): readonly Argument[] =>
  raws.map((raw): Argument => {
    if (raw.type === "KeywordArgumentExpression")
      return { kind: "named", name: raw["key"].value, value: node(raw["value"]) };
    if (raw.type === "SpreadExpression") return { kind: "spread", name: "", value: node(raw["argument"]) };
    if (raw.type === "KeywordSpreadExpression") return { kind: "spread named", name: "", value: node(raw["argument"]) };
    return { kind: "value", name: "", value: node(raw) };
  });

const plain = (argument: Argument): Node => {
  if (argument.kind !== "value") throw new JinjaError("a tuple holds values only");
  return argument.value;
};

const parameters = (raws: readonly Raw[]): readonly Parameter[] =>
  raws.map((raw) =>
    raw.type === "Identifier"
      ? { name: raw["value"], fallback: undefined }
      : { name: raw["key"].value, fallback: node(raw["value"]) },
  );

/** A filter, or a test that `tokens.ts` wrote as one. */
const filter = (raw: Raw): Node => {
  const operand = node(raw["operand"]);
  const named = raw["filter"].type === "CallExpression" ? raw["filter"].callee : raw["filter"];
  if (named.type !== "Identifier") throw new JinjaError("a filter must be a name");
  const given = raw["filter"].type === "CallExpression" ? args(raw["filter"].args) : [];
  const word = named.value as string;
  if (!word.startsWith(TEST)) return { type: "Filter", name: word, operand, args: given };
  const negated = word.startsWith(`${TEST}not `);
  return { type: "Test", name: word.slice(TEST.length + (negated ? 4 : 0)), negated, operand, args: given };
};

const ADDITIVE = new Set(["+", "-", "~"]);
const COMPARING = new Set(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]);

/** Operators of one level in one pair of brackets: `~` binds before `+`, and comparisons are chains, as in Python. */
const binary = (raw: Raw): Node => {
  const { value: operator, group } = raw["operator"] as Operator;
  const level = ADDITIVE.has(operator) ? ADDITIVE : COMPARING.has(operator) ? COMPARING : undefined;
  if (level === undefined) return { type: "Binary", operator, left: node(raw["left"]), right: node(raw["right"]) };
  const rest: Array<readonly [string, Node]> = [];
  let first = raw;
  while (first.type === "BinaryExpression" && level.has(first["operator"].value) && first["operator"].group === group) {
    rest.unshift([first["operator"].value, node(first["right"])]);
    first = first["left"];
  }
  return level === COMPARING ? { type: "Compare", first: node(first), rest } : sum(node(first), rest);
};

const sum = (first: Node, rest: ReadonlyArray<readonly [string, Node]>): Node => {
  let total: Node | undefined;
  let sign = "+";
  let parts: Node[] = [first];
  const close = (): Node => {
    const term: Node = parts.length === 1 ? (parts[0] as Node) : { type: "Concat", parts };
    return total === undefined ? term : { type: "Binary", operator: sign, left: total, right: term };
  };
  for (const [operator, operand] of rest) {
    if (operator === "~") parts.push(operand);
    else {
      total = close();
      sign = operator;
      parts = [operand];
    }
  }
  return close();
};

const loop = (raw: Raw): Node => {
  const header = raw["iterable"] as Raw;
  const [items, test] = args(header["args"]).map(plain);
  if (items === undefined) throw new JinjaError("{% for %} has nothing to walk");
  return {
    type: "For",
    target: node(raw["loopvar"]),
    items,
    test,
    recursive: header["callee"].value === "for recursive",
    body: block(raw["body"]),
    otherwise: block(raw["defaultBlock"]),
  };
};

const set = (raw: Raw): Node => {
  if (raw["value"] !== null) return { type: "Set", target: node(raw["assignee"]), value: node(raw["value"]) };
  const body = all(raw["body"]);
  const whole = node(raw["assignee"]);
  if (whole.type !== "Filter") return { type: "SetBlock", target: whole, body, filter: undefined };
  let target: Node = whole;
  while (target.type === "Filter") target = target.operand;
  return { type: "SetBlock", target, body, filter: onBody(whole) };
};

/** The same chain of filters, on the body of a block instead of what stands first in it. */
const onBody = (chain: Node): Node =>
  chain.type === "Filter" ? { ...chain, operand: onBody(chain.operand) } : { type: "Name", name: BODY };

const block = all;

const callBlock = (raw: Raw): Node => {
  const body = all(raw["body"]);
  const given = args(raw["call"].args);
  const kind = raw["call"].callee.value as string;
  if (kind === "with") return { type: "With", bindings: given, body };
  if (kind === "generation") return { type: "Generation", body };
  const only = given[0];
  if (given.length !== 1 || only === undefined || only.kind !== "value")
    throw new JinjaError(`{% ${kind} %} takes one expression`);
  if (kind === "filter") return { type: "FilterBlock", filter: onBody(only.value), body };
  if (only.value.type !== "Call") throw new JinjaError("{% call %} needs a call");
  return { type: "CallBlock", call: only.value, parameters: parameters(raw["callerArgs"] ?? []), body };
};
