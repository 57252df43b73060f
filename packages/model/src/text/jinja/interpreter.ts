/** Renders a template's tree with Python's values and Jinja2's scopes. */

import { getAttribute, getItem, getSlice } from "./attributes.ts";
import { deeper, spend, step } from "./budget.ts";
import { hiddenIn } from "./hidden-names.ts";
import { Loop } from "./loop.ts";
import { macro } from "./macro.ts";
import { made } from "./made.ts";
import { binary, concat, holds, unary } from "./operators.ts";
import { str } from "./print.ts";
import { Scope } from "./scope.ts";
import { type Argument, BODY, type Node } from "./tree.ts";
import { applyTest, filterNamed } from "./value-filters.ts";
import {
  type Args,
  asText,
  Dict,
  Func,
  Instance,
  iterate,
  JinjaError,
  lengthOf,
  Namespace,
  Tuple,
  truthy,
  typeName,
  Undefined,
  undefinedUsed,
  type Value,
} from "./values.ts";

type Output = string[];
/** How a block ended: at its end, or by a statement that ends or goes on with the loop around it. */
type Ending = "end" | "break" | "continue";

/** The text of a template. */
export const render = (nodes: readonly Node[], scope: Scope): string => {
  const out: Output = [];
  run(nodes, hiding(nodes, scope), out);
  return out.join("");
};

/** The scope of a body, new for it, with the names that are undefined until the body sets them. */
const hiding = (body: readonly Node[], scope: Scope): Scope => {
  for (const name of hiddenIn(body)) scope.set(name, new Undefined(`'${name}' is undefined`));
  return scope;
};

const run = (nodes: readonly Node[], scope: Scope, out: Output): Ending => {
  for (const node of nodes) {
    const ending = statement(node, scope, out);
    if (ending !== "end") return ending;
  }
  return "end";
};

const write = (text: string, out: Output): void => {
  spend(text.length);
  out.push(text);
};

const statement = (node: Node, scope: Scope, out: Output): Ending => {
  step();
  switch (node.type) {
    case "If":
      return run(truthy(evaluate(node.test, scope)) ? node.body : node.otherwise, scope, out);
    case "For":
      return loop(node, evaluate(node.items, scope), scope, out, 0);
    case "Break":
      return "break";
    case "Continue":
      return "continue";
    case "Set":
      assign(node.target, evaluate(node.value, scope), scope);
      return "end";
    case "SetBlock":
    case "FilterBlock": {
      const inner: Output = [];
      const ending = run(node.body, hiding(node.body, new Scope(scope)), inner);
      if (ending !== "end") return ending;
      const text = inner.join("");
      const filtered = node.filter === undefined ? text : evaluate(node.filter, new Scope(scope, [[BODY, text]]));
      if (node.type === "SetBlock") assign(node.target, filtered, scope);
      else if (asText(filtered) === undefined)
        throw new JinjaError(`the filter of {% filter %} gives ${typeName(filtered)}, no text`);
      else write(str(filtered), out);
      return "end";
    }
    case "Macro":
      scope.set(node.name, macro(node.name, node, scope, tools));
      return "end";
    case "CallBlock": {
      const call = node.call as Node & { readonly type: "Call" };
      const caller = macro(undefined, node, scope, tools);
      write(str(invoke(call, scope, [["caller", caller]])), out);
      return "end";
    }
    case "With":
      return run(
        node.body,
        hiding(
          node.body,
          new Scope(
            scope,
            node.bindings.map((binding) => [bindingName(binding), evaluate(binding.value, scope)] as const),
          ),
        ),
        out,
      );
    case "Generation":
      return run(node.body, hiding(node.body, new Scope(scope)), out);
    default:
      write(str(evaluate(node, scope)), out);
      return "end";
  }
};

const bindingName = (binding: Argument): string => {
  if (binding.kind !== "named") throw new JinjaError("{% with %} takes name = value");
  return binding.name;
};

const loop = (
  node: Node & { readonly type: "For" },
  items: Value,
  scope: Scope,
  out: Output,
  depth: number,
): Ending => {
  const test = node.test;
  const bound = (item: Value): Scope => {
    const inner = new Scope(scope);
    assign(node.target, item, inner);
    return inner;
  };
  const walked =
    test === undefined
      ? iterate(items)
      : (function* () {
          for (const item of iterate(items)) if (truthy(evaluate(test, bound(item)))) yield item;
        })();
  const again = (others: Value): Value => {
    const text: Output = [];
    deeper(() => loop(node, others, scope, text, depth + 1));
    return text.join("");
  };
  const state = new Loop(
    walked,
    test === undefined ? lengthOf(items) : undefined,
    depth,
    node.recursive ? again : undefined,
  );
  let completed = false;
  for (let item = state.next(); item !== undefined; item = state.next()) {
    step();
    const inner = hiding(node.body, bound(item));
    inner.set("loop", state.value);
    const ending = run(node.body, inner, out);
    if (ending === "break") break;
    if (ending === "end") completed = true;
  }
  // As Jinja2 has it: "else" also follows where every pass was cut short by break or continue.
  if (!completed) return run(node.otherwise, hiding(node.otherwise, new Scope(scope)), out);
  return "end";
};

const assign = (target: Node, value: Value, scope: Scope): void => {
  if (target.type === "Name") {
    scope.set(target.name, value);
  } else if (target.type === "Tuple") {
    const items = [...iterate(value)];
    if (items.length > target.items.length)
      throw new JinjaError(`too many values to unpack (expected ${target.items.length})`);
    if (items.length < target.items.length)
      throw new JinjaError(`not enough values to unpack (expected ${target.items.length}, got ${items.length})`);
    target.items.forEach((inner, at) => {
      assign(inner, items[at] as Value, scope);
    });
  } else if (target.type === "Attribute") {
    const object = evaluate(target.object, scope);
    if (!(object instanceof Namespace)) throw new JinjaError("cannot assign attribute on non-namespace object");
    object.values.set(target.name, value);
  } else throw new JinjaError("can't assign to this expression");
};

const evaluate = (node: Node, scope: Scope): Value => {
  step();
  switch (node.type) {
    case "Text":
      return node.text;
    case "Constant":
      return node.value;
    case "Name":
      return scope.get(node.name);
    case "List":
      return node.items.map((item) => evaluate(item, scope));
    case "Tuple":
      return new Tuple(node.items.map((item) => evaluate(item, scope)));
    case "Dict":
      return new Dict(node.entries.map(([key, value]) => [evaluate(key, scope), evaluate(value, scope)] as const));
    case "Attribute":
      return getAttribute(evaluate(node.object, scope), node.name);
    case "Item": {
      const object = evaluate(node.object, scope);
      if (node.key.type === "Slice")
        return getSlice(
          object,
          node.key.parts.map((part) => (part === undefined ? undefined : evaluate(part, scope))),
        );
      return getItem(object, evaluate(node.key, scope));
    }
    case "Call":
      return invoke(node, scope);
    case "Filter":
      return filterNamed(node.name)(evaluate(node.operand, scope), evaluateArgs(node.args, scope));
    case "Test":
      return applyTest(node.name, evaluate(node.operand, scope), evaluateArgs(node.args, scope)) !== node.negated;
    case "Unary": {
      const operand = evaluate(node.operand, scope);
      return node.operator === "not" ? !truthy(operand) : unary(node.operator, operand);
    }
    case "Binary":
      return binaryNode(node, scope);
    case "Concat":
      return concat(node.parts.map((part) => evaluate(part, scope)));
    case "Compare": {
      let left = evaluate(node.first, scope);
      for (const [operator, operand] of node.rest) {
        const right = evaluate(operand, scope);
        if (!holds(operator, left, right)) return false;
        left = right;
      }
      return true;
    }
    case "Choice":
      if (truthy(evaluate(node.test, scope))) return evaluate(node.yes, scope);
      return node.no === undefined
        ? new Undefined("the inline if-expression evaluated to false and no else section was defined.")
        : evaluate(node.no, scope);
    default:
      throw new JinjaError(`${node.type} is no expression`);
  }
};

const binaryNode = (node: Node & { readonly type: "Binary" }, scope: Scope): Value => {
  const left = evaluate(node.left, scope);
  if (node.operator === "and") return truthy(left) ? evaluate(node.right, scope) : left;
  if (node.operator === "or") return truthy(left) ? left : evaluate(node.right, scope);
  return made(binary(node.operator, left, evaluate(node.right, scope)));
};

const evaluateArgs = (given: readonly Argument[], scope: Scope): Args => {
  const positional: Value[] = [];
  const named = new Map<string, Value>();
  for (const argument of given) {
    const value = evaluate(argument.value, scope);
    if (argument.kind === "value") positional.push(value);
    else if (argument.kind === "named") named.set(argument.name, value);
    else if (argument.kind === "spread") for (const item of iterate(value)) positional.push(item);
    else {
      if (!(value instanceof Dict)) throw new JinjaError(`argument after ** must be a mapping, not ${typeName(value)}`);
      for (const [key, item] of value.entries()) named.set(asText(key) ?? str(key), item);
    }
  }
  return { positional, named };
};

const invoke = (
  node: Node & { readonly type: "Call" },
  scope: Scope,
  more: ReadonlyArray<readonly [string, Value]> = [],
): Value => {
  const callee = evaluate(node.callee, scope);
  const args = evaluateArgs(node.args, scope);
  const given = more.length === 0 ? args : { ...args, named: new Map([...args.named, ...more]) };
  if (callee instanceof Func || (callee instanceof Instance && callee.call !== undefined))
    return made((callee.call as (given: Args) => Value)(given));
  if (callee instanceof Undefined) throw undefinedUsed(callee);
  throw new JinjaError(`'${typeName(callee)}' object is not callable`);
};

const tools = { evaluate, render };
export type Tools = typeof tools;
