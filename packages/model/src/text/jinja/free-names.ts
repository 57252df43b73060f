/** The names that a template reads from outside: what a caller can set with an effect. */
import type { Argument, Node, Parameter } from "./tree.ts";

/** The free names of a template; a name that it always sets before it reads it is none. */
export const freeNames = (nodes: readonly Node[]): ReadonlySet<string> => {
  const free = new Set<string>();
  walkAll(nodes, new Set(), free);
  return free;
};

/** Is the name read anywhere in the nodes, be it in a macro within them that has one of its own: as Jinja2 looks for `caller`. */
export const readsAnywhere = (nodes: unknown, name: string): boolean => {
  if (Array.isArray(nodes)) return nodes.some((node) => readsAnywhere(node, name));
  if (typeof nodes !== "object" || nodes === null) return false;
  const node = nodes as { readonly type?: unknown; readonly name?: unknown };
  if (node.type === "Name" && node.name === name) return true;
  return Object.entries(node).some(([key, part]) => key !== "target" && readsAnywhere(part, name));
};

/** Nodes in their order; a name set on the way is bound for what follows. */
const walkAll = (nodes: readonly Node[], outer: ReadonlySet<string>, free: Set<string>): undefined => {
  const bound = new Set(outer);
  for (const node of nodes) walk(node, bound, free);
};

const walk = (node: Node | undefined, bound: Set<string>, free: Set<string>): undefined => {
  if (node === undefined) return;
  const read = (inner: Node | undefined): undefined => walk(inner, bound, free);
  const block = (body: readonly Node[], ...names: readonly string[]): undefined =>
    walkAll(body, new Set([...bound, ...names]), free);
  const args = (given: readonly Argument[]): undefined => {
    for (const argument of given) read(argument.value);
  };
  const callable = (parameters: readonly Parameter[], body: readonly Node[]): undefined => {
    for (const parameter of parameters) read(parameter.fallback);
    block(body, ...parameters.map((parameter) => parameter.name), "varargs", "kwargs", "caller");
  };
  switch (node.type) {
    case "Name":
      if (!bound.has(node.name)) free.add(node.name);
      return;
    case "List":
    case "Tuple":
      node.items.forEach(read);
      return;
    case "Dict":
      for (const [key, value] of node.entries) {
        read(key);
        read(value);
      }
      return;
    case "Attribute":
      return read(node.object);
    case "Item":
      read(node.object);
      return read(node.key);
    case "Slice":
      node.parts.forEach(read);
      return;
    case "Call":
      read(node.callee);
      return args(node.args);
    case "Filter":
    case "Test":
      read(node.operand);
      return args(node.args);
    case "Unary":
      return read(node.operand);
    case "Binary":
      read(node.left);
      return read(node.right);
    case "Concat":
      node.parts.forEach(read);
      return;
    case "Compare":
      read(node.first);
      for (const [, operand] of node.rest) read(operand);
      return;
    case "Choice":
      read(node.test);
      read(node.yes);
      return read(node.no);
    case "If":
      read(node.test);
      block(node.body);
      return block(node.otherwise);
    case "For": {
      const names = targets(node.target);
      read(node.items);
      if (node.test !== undefined) block([node.test], ...names);
      block(node.body, ...names, "loop");
      return block(node.otherwise);
    }
    case "Set":
      read(node.value);
      return bind(node.target, bound, free);
    case "SetBlock":
      block(node.body);
      if (node.filter !== undefined) block([node.filter], "body of a block");
      return bind(node.target, bound, free);
    case "Macro":
      bound.add(node.name);
      return callable(node.parameters, node.body);
    case "CallBlock":
      read(node.call);
      return callable(node.parameters, node.body);
    case "FilterBlock":
      block(node.body);
      return block([node.filter], "body of a block");
    case "With":
      args(node.bindings);
      return block(node.body, ...node.bindings.map((binding) => binding.name));
    case "Generation":
      return block(node.body);
    default:
      return;
  }
};

const targets = (target: Node): readonly string[] => {
  if (target.type === "Name") return [target.name];
  return target.type === "Tuple" ? target.items.flatMap(targets) : [];
};

const bind = (target: Node, bound: Set<string>, free: Set<string>): undefined => {
  if (target.type === "Attribute") walk(target.object, bound, free);
  for (const name of targets(target)) bound.add(name);
};
